/// Names an extension: a field that another file adds to a message.
package struct ExtensionRequest: MergedMessage {
    package var containingType: String
    package var extensionNumber: Int32

    package init() { self.init(containingType: "", extensionNumber: 0) }

    package init(containingType: String, extensionNumber: Int32) {
        self.containingType = containingType
        self.extensionNumber = extensionNumber
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): containingType = String(utf8: try reader.stringField())
            case .varint(2): extensionNumber = try reader.int32()
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, containingType)
        writer.int32(2, extensionNumber)
    }
}

/// One question about the server's descriptors. The packages `grpc.reflection.v1` and `v1alpha`
/// have the same messages.
package struct ServerReflectionRequest: MergedMessage {
    /// What is asked for.
    package enum Question: Equatable, Sendable {
        case none
        case fileByFilename(String)
        case fileContainingSymbol(String)
        case fileContainingExtension(ExtensionRequest)
        case allExtensionNumbersOfType(String)
        /// The text means nothing and is given back.
        case listServices(String)
    }

    package var host: String
    package var question: Question

    package init() { self.init(.none) }

    package init(_ question: Question, host: String = "") {
        self.host = host
        self.question = question
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): host = String(utf8: try reader.stringField())
            case .bytes(3): question = .fileByFilename(String(utf8: try reader.stringField()))
            case .bytes(4): question = .fileContainingSymbol(String(utf8: try reader.stringField()))
            case .bytes(5):
                var request = ExtensionRequest()
                if case .fileContainingExtension(let before) = question { request = before }
                try request.merge(fieldOf: &reader)
                question = .fileContainingExtension(request)
            case .bytes(6):
                question = .allExtensionNumbersOfType(String(utf8: try reader.stringField()))
            case .bytes(7): question = .listServices(String(utf8: try reader.stringField()))
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, host)
        switch question {
        case .none: break
        case .fileByFilename(let name): writer.string(3, always: name)
        case .fileContainingSymbol(let symbol): writer.string(4, always: symbol)
        case .fileContainingExtension(let request):
            writer.message(5) { output in request.encode(into: &output) }
        case .allExtensionNumbersOfType(let type): writer.string(6, always: type)
        case .listServices(let text): writer.string(7, always: text)
        }
    }
}
