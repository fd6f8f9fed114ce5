/// A walk over the representations of a header block, without decoding them (RFC 7541, 6).
enum HeaderBlockWalk {
    private static let continuationBytesMax = 3

    /// Whether the block leaves the decoder's table as it is: it names fields of the tables or
    /// spells them without adding them. A block that is not understood is one that does not.
    static func leavesTable(_ block: UnsafeBufferPointer<UInt8>) -> Bool {
        var at = 0
        // Each round takes a byte at least.
        while at < block.count {
            let first = unsafe block[at]
            if first & 0x80 != 0 {
                guard unsafe number(block, &at, prefixBits: 7) != nil else { return false }
                continue
            }
            // A literal that is added (01), or a new size of the table (001).
            guard first & 0xC0 == 0, first & 0x20 == 0 else { return false }
            guard let name = unsafe number(block, &at, prefixBits: 4) else { return false }
            if name == 0, unsafe !skipText(block, &at) { return false }
            guard unsafe skipText(block, &at) else { return false }
        }
        return true
    }

    private static func skipText(_ block: UnsafeBufferPointer<UInt8>, _ at: inout Int) -> Bool {
        guard at < block.count, let count = unsafe number(block, &at, prefixBits: 7),
            count <= block.count - at
        else { return false }
        at += count
        return true
    }

    /// An integer (RFC 7541, 5.1), or nil if the block ends inside of it or it is longer than any
    /// that a block of ours needs.
    private static func number(
        _ block: UnsafeBufferPointer<UInt8>, _ at: inout Int, prefixBits: UInt8
    ) -> Int? {
        let mask = UInt8(1) << prefixBits - 1
        let prefix = unsafe block[at] & mask
        at += 1
        guard prefix == mask else { return Int(prefix) }
        var value = Int(prefix)
        for index in 0..<continuationBytesMax {
            guard at < block.count else { return nil }
            let byte = unsafe block[at]
            at += 1
            value += Int(byte & 0x7F) << (7 * index)
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}
