/// Goes through one repeated field of a message: `bytes`, `string` or messages as they lie there.
package struct FieldIterator: ~Copyable, ~Escapable {
    private var reader: WireReader
    private let wanted: WireTag

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, number: UInt32) {
        reader = WireReader(bytes)
        wanted = .bytes(number)
    }

    /// Where the next field begins.
    package var offset: Int { reader.offset }

    /// The next element; nil after the last. Throws nothing where the message was decoded before.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    package mutating func next() throws(WireError) -> Span<UInt8>? {
        while let tag = try reader.nextTag() {
            if tag == wanted { return try reader.bytesField() }
            try reader.skip(tag)
        }
        return nil
    }
}
