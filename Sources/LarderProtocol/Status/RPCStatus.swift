/// A google.protobuf.Any: a message together with its name.
package struct AnyMessage: MergedMessage {
    package var typeURL: String
    package var value: [UInt8]

    package init() { self.init(typeURL: "", value: []) }

    package init(typeURL: String, value: [UInt8]) {
        self.typeURL = typeURL
        self.value = value
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): typeURL = String(utf8: try reader.stringField())
            case .bytes(2): value = [UInt8](copy: try reader.bytesField())
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, typeURL)
        writer.bytes(2, value.span)
    }
}

/// The google.rpc.Status that travels in `grpc-status-details-bin`.
package struct RPCStatus: MergedMessage {
    /// As `grpc-status`.
    package var code: Int32
    /// As `grpc-message`.
    package var message: String
    package var details: [AnyMessage]

    package init() { self.init(code: 0, message: "", details: []) }

    package init(code: Int32, message: String, details: [AnyMessage]) {
        self.code = code
        self.message = message
        self.details = details
    }

    /// A status with one ErrorInfo, as every error of Larder has it.
    package init(code: Int32, message: String, errorInfo: ErrorInfo) {
        let detail = AnyMessage(typeURL: ErrorInfo.typeURL, value: errorInfo.encoded())
        self.init(code: code, message: message, details: [detail])
    }

    /// The first ErrorInfo among the details, if there is one and it can be read.
    package var errorInfo: ErrorInfo? {
        for detail in details where detail.typeURL == ErrorInfo.typeURL {
            if let info = try? ErrorInfo(decoding: detail.value.span) { return info }
        }
        return nil
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): code = try reader.int32()
            case .bytes(2): message = String(utf8: try reader.stringField())
            case .bytes(3):
                var detail = AnyMessage()
                try detail.merge(fieldOf: &reader)
                details.append(detail)
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.int32(1, code)
        writer.string(2, message)
        for detail in details { writer.message(3) { output in detail.encode(into: &output) } }
    }
}
