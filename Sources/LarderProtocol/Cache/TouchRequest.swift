/// Whether a touch may make an item live longer or shorter.
package struct TouchMode: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let unspecified = TouchMode(rawValue: 0)
    package static let extend = TouchMode(rawValue: 1)
    package static let shorten = TouchMode(rawValue: 2)
}

/// Gives an item a new time to live.
package struct TouchRequest: MergedMessage {
    package var key: [UInt8]
    /// Empty: "default".
    package var namespace: String
    /// nil: the namespace's default; 0: never.
    package var ttlMillis: UInt64?
    package var mode: TouchMode

    package init() { self.init(key: []) }

    package init(
        key: [UInt8], namespace: String = "", ttlMillis: UInt64? = nil,
        mode: TouchMode = .unspecified
    ) {
        self.key = key
        self.namespace = namespace
        self.ttlMillis = ttlMillis
        self.mode = mode
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): key = [UInt8](copy: try reader.bytesField())
            case .bytes(2): namespace = String(utf8: try reader.stringField())
            case .varint(3): ttlMillis = try reader.varint()
            case .varint(4): mode = TouchMode(rawValue: try reader.int32())
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.bytes(1, key.span)
        writer.string(2, namespace)
        writer.uint(3, ifPresent: ttlMillis)
        writer.int32(4, mode.rawValue)
    }
}
