/// Files, each as an encoded `FileDescriptorProto`.
package struct FileDescriptorResponse: MergedMessage {
    package var files: [[UInt8]]

    package init() { self.init(files: []) }

    package init(files: [[UInt8]]) { self.files = files }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): files.append([UInt8](copy: try reader.bytesField()))
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        for file in files { writer.bytes(1, always: file.span) }
    }
}

/// The numbers of a message's extensions.
package struct ExtensionNumberResponse: MergedMessage {
    package var baseTypeName: String
    package var extensionNumbers: [Int32]

    package init() { self.init(baseTypeName: "", extensionNumbers: []) }

    package init(baseTypeName: String, extensionNumbers: [Int32]) {
        self.baseTypeName = baseTypeName
        self.extensionNumbers = extensionNumbers
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): baseTypeName = String(utf8: try reader.stringField())
            case .varint(2): extensionNumbers.append(try reader.int32())
            case .bytes(2):
                // Packed: the numbers one behind the other, without tags.
                var packed = WireReader(try reader.bytesField())
                while !packed.isAtEnd { extensionNumbers.append(try packed.int32()) }
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, baseTypeName)
        guard !extensionNumbers.isEmpty else { return }
        let count = extensionNumbers.reduce(0) { sum, number in
            sum + WireWriter.varintBytes(UInt64(bitPattern: Int64(number)))
        }
        writer.bytesHeader(2, count: count)
        for number in extensionNumbers { writer.varint(UInt64(bitPattern: Int64(number))) }
    }
}

/// The names of the server's services.
package struct ListServiceResponse: MergedMessage {
    /// One service.
    package struct Service: MergedMessage {
        package var name: String

        package init() { self.init(name: "") }

        package init(name: String) { self.name = name }

        package mutating func merge(_ reader: inout WireReader) throws(WireError) {
            while let tag = try reader.nextTag() {
                switch tag {
                case .bytes(1): name = String(utf8: try reader.stringField())
                default: try reader.skip(tag)
                }
            }
        }

        package func encode(into writer: inout WireWriter) {
            writer.string(1, name)
        }
    }

    package var services: [Service]

    package init() { self.init(services: []) }

    package init(services: [Service]) { self.services = services }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1):
                var service = Service()
                try service.merge(fieldOf: &reader)
                services.append(service)
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        for service in services {
            writer.message(1) { output in service.encode(into: &output) }
        }
    }
}

/// Why a question has no answer. The stream goes on.
package struct ReflectionError: MergedMessage {
    /// As `grpc-status`.
    package var code: Int32
    package var message: String

    package init() { self.init(code: 0, message: "") }

    package init(code: Int32, message: String) {
        self.code = code
        self.message = message
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): code = try reader.int32()
            case .bytes(2): message = String(utf8: try reader.stringField())
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.int32(1, code)
        writer.string(2, message)
    }
}
