/// Counts up or down.
package struct IncrementRequest: MergedMessage {
    package var key: [UInt8]
    /// Empty: "default".
    package var namespace: String
    package var delta: Int64
    /// The number of an item that is missing. nil: a miss stays a miss.
    package var initial: Int64?
    /// Of an item that is created.
    package var ttlMillis: UInt64?
    package var upperBound: Int64?
    package var lowerBound: Int64?

    package init() { self.init(key: [], delta: 0) }

    package init(
        key: [UInt8], delta: Int64, namespace: String = "", initial: Int64? = nil,
        ttlMillis: UInt64? = nil, upperBound: Int64? = nil, lowerBound: Int64? = nil
    ) {
        self.key = key
        self.namespace = namespace
        self.delta = delta
        self.initial = initial
        self.ttlMillis = ttlMillis
        self.upperBound = upperBound
        self.lowerBound = lowerBound
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): key = [UInt8](copy: try reader.bytesField())
            case .bytes(2): namespace = String(utf8: try reader.stringField())
            case .varint(3): delta = try reader.sint64()
            case .varint(4): initial = try reader.sint64()
            case .varint(5): ttlMillis = try reader.varint()
            case .varint(6): upperBound = try reader.sint64()
            case .varint(7): lowerBound = try reader.sint64()
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.bytes(1, key.span)
        writer.string(2, namespace)
        writer.sint64(3, delta)
        writer.sint64(4, ifPresent: initial)
        writer.uint(5, ifPresent: ttlMillis)
        writer.sint64(6, ifPresent: upperBound)
        writer.sint64(7, ifPresent: lowerBound)
    }
}
