/// An `Operation` that is a Get of a key and nothing else, which most of a pipeline's are: read at
/// a glance, where `OperationView` walks over all fields.
package struct PlainGetView: ~Escapable {
    package let id: UInt64
    package let key: Span<UInt8>

    // Before the id, the request and the key.
    private static let idTag = UInt8(truncatingIfNeeded: WireTag.varint(1).rawValue)
    private static let getTag = UInt8(truncatingIfNeeded: WireTag.bytes(2).rawValue)
    private static let keyTag = UInt8(truncatingIfNeeded: WireTag.bytes(1).rawValue)
    /// Of the request's and the key's: a tag and a length of one byte each.
    private static let headBytes = 4
    /// As far as no bit of an id is lost.
    private static let idBytesMax = 9

    /// Nil: it is something else, or written in another way, or wrong.
    @_lifetime(copy bytes)
    package init?(_ bytes: Span<UInt8>) {
        var start = 0
        var id: UInt64 = 0
        if bytes.count > 0, bytes[0] == Self.idTag {
            start = 1
            var byte: UInt8 = 0x80
            while byte >= 0x80 {
                guard start < bytes.count, start <= Self.idBytesMax else { return nil }
                byte = bytes[start]
                id |= UInt64(byte & 0x7F) &<< UInt64(7 &* (start &- 1))
                start &+= 1
            }
        }
        let keyStart = start &+ Self.headBytes
        guard keyStart <= bytes.count, bytes[start] == Self.getTag, bytes[start &+ 2] == Self.keyTag
        else { return nil }
        let keyBytes = bytes.count &- keyStart
        guard keyBytes < 0x80 - 2, Int(bytes[start &+ 1]) == keyBytes &+ 2,
            Int(bytes[start &+ 3]) == keyBytes
        else { return nil }
        self.id = id
        key = bytes.extracting(keyStart..<bytes.count)
    }
}
