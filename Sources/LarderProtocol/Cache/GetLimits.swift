/// Asks for the limits and the abilities of a server: a message without fields.
package struct GetLimitsRequest: MergedMessage {
    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() { try reader.skip(tag) }
    }

    package func encode(into writer: inout WireWriter) {}
}

/// The limits and the abilities of a server.
package struct GetLimitsResponse: MergedMessage {
    package var serverVersion = ""
    /// Stable for as long as the process lives.
    package var nodeID = ""
    package var maxKeyBytes: UInt32 = 0
    /// Of a value in one message.
    package var maxInlineBytes: UInt32 = 0
    /// Of a value at all.
    package var maxValueBytes: UInt64 = 0
    package var maxBatchItems: UInt32 = 0
    package var maxBatchBytes: UInt32 = 0
    /// The longest request message that is taken.
    package var maxMessageBytes: UInt32 = 0
    package var maxTTLMillis: UInt64 = 0
    package var maxTags: UInt32 = 0
    /// As in `grpc-accept-encoding`.
    package var encodings: [String] = []

    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): serverVersion = String(utf8: try reader.stringField())
            case .bytes(2): nodeID = String(utf8: try reader.stringField())
            case .varint(3): maxKeyBytes = try reader.uint32()
            case .varint(4): maxInlineBytes = try reader.uint32()
            case .varint(5): maxValueBytes = try reader.varint()
            case .varint(6): maxBatchItems = try reader.uint32()
            case .varint(7): maxBatchBytes = try reader.uint32()
            case .varint(8): maxMessageBytes = try reader.uint32()
            case .varint(9): maxTTLMillis = try reader.varint()
            case .varint(10): maxTags = try reader.uint32()
            case .bytes(11): encodings.append(String(utf8: try reader.stringField()))
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, serverVersion)
        writer.string(2, nodeID)
        writer.uint(3, UInt64(maxKeyBytes))
        writer.uint(4, UInt64(maxInlineBytes))
        writer.uint(5, maxValueBytes)
        writer.uint(6, UInt64(maxBatchItems))
        writer.uint(7, UInt64(maxBatchBytes))
        writer.uint(8, UInt64(maxMessageBytes))
        writer.uint(9, maxTTLMillis)
        writer.uint(10, UInt64(maxTags))
        for encoding in encodings { writer.string(11, always: encoding) }
    }
}
