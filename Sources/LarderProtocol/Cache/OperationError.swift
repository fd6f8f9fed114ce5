/// What a unary call would have answered with a status other than OK.
package struct OperationError: MergedMessage {
    /// As `google.rpc.Code`.
    package var code: Int32
    package var message: String
    /// As `google.rpc.ErrorInfo.reason`.
    package var reason: String

    package init() { self.init(code: 0, message: "", reason: "") }

    package init(code: Int32, message: String, reason: String) {
        self.code = code
        self.message = message
        self.reason = reason
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): code = try reader.int32()
            case .bytes(2): message = String(utf8: try reader.stringField())
            case .bytes(3): reason = String(utf8: try reader.stringField())
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.int32(1, code)
        writer.string(2, message)
        writer.string(3, reason)
    }
}
