/// Asks for the entries of a server.
package struct ExportRequest: MergedMessage {
    /// Empty: all namespaces that the caller may read.
    package var namespace: String
    package var keyPrefix: [UInt8]
    /// The first and the last place on the ring; both 0: all places.
    package var hashBegin: UInt64
    package var hashEnd: UInt64
    package var metadataOnly: Bool
    package var hottestFirst: Bool
    /// 0: no limit.
    package var limit: UInt64
    package var cursor: [UInt8]

    package init() { self.init(namespace: "") }

    package init(
        namespace: String, keyPrefix: [UInt8] = [], hashBegin: UInt64 = 0, hashEnd: UInt64 = 0,
        metadataOnly: Bool = false, hottestFirst: Bool = false, limit: UInt64 = 0,
        cursor: [UInt8] = []
    ) {
        self.namespace = namespace
        self.keyPrefix = keyPrefix
        self.hashBegin = hashBegin
        self.hashEnd = hashEnd
        self.metadataOnly = metadataOnly
        self.hottestFirst = hottestFirst
        self.limit = limit
        self.cursor = cursor
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): namespace = String(utf8: try reader.stringField())
            case .bytes(2): keyPrefix = [UInt8](copy: try reader.bytesField())
            case .fixed64(3): hashBegin = try reader.fixed64()
            case .fixed64(4): hashEnd = try reader.fixed64()
            case .varint(5): metadataOnly = try reader.bool()
            case .varint(6): hottestFirst = try reader.bool()
            case .varint(7): limit = try reader.varint()
            case .bytes(8): cursor = [UInt8](copy: try reader.bytesField())
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, namespace)
        writer.bytes(2, keyPrefix.span)
        writer.fixed64(3, hashBegin)
        writer.fixed64(4, hashEnd)
        writer.bool(5, metadataOnly)
        writer.bool(6, hottestFirst)
        writer.uint(7, limit)
        writer.bytes(8, cursor.span)
    }
}
