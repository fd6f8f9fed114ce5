/// A walk over the representations of a header block, without decoding them (RFC 7541, 6).
///
/// Does not outlive the block.
@safe
struct HeaderBlockWalk {
    private static let continuationBytesMax = 3

    let block: UnsafeBufferPointer<UInt8>
    private var at = 0

    init(_ block: UnsafeBufferPointer<UInt8>) { unsafe self.block = unsafe block }

    /// A whole block was walked over.
    var isOver: Bool { unsafe at == block.count }

    /// Whether the block leaves the decoder's table as it is: it names fields of the tables or
    /// spells them without adding them. A block that is not understood is one that does not.
    static func leavesTable(_ block: UnsafeBufferPointer<UInt8>) -> Bool {
        var walk = unsafe HeaderBlockWalk(block)
        // Each round takes a byte at least.
        while !walk.isOver {
            guard let next = walk.next(), next.kind != .added else { return false }
        }
        return true
    }

    /// The index, if the next representation is a field of the tables in a single byte.
    @inline(__always)
    mutating func nextShortIndex() -> Int? {
        let first = unsafe block[at]
        guard first > 0x80, first < 0xFF else { return nil }
        at += 1
        return Int(first & 0x7F)
    }

    /// The next representation; nil: it is none of a field, or not understood. There are bytes left.
    @inline(__always)
    mutating func next() -> HeaderRepresentation? {
        let start = at
        let first = unsafe block[start]
        if first & 0x80 != 0 {
            guard let index = number(prefixBits: 7), index > 0 else { return nil }
            return HeaderRepresentation(.indexed, index: index, start: start, end: at)
        }
        let isAdded = first & 0x40 != 0
        // What is left is a new size of the table (001).
        if !isAdded, first & 0x20 != 0 { return nil }
        guard let index = number(prefixBits: isAdded ? 6 : 4) else { return nil }
        var field = HeaderRepresentation(
            isAdded ? .added : .spelt, index: index, start: start, end: start)
        if index == 0 {
            guard let name = text() else { return nil }
            field.name = name
        }
        field.valueStart = at
        guard let value = text() else { return nil }
        field.value = value
        field.end = at
        return field
    }

    private mutating func text() -> HeaderText? {
        guard unsafe at < block.count else { return nil }
        let start = at
        let isHuffman = unsafe block[start] & 0x80 != 0
        guard let count = number(prefixBits: 7), unsafe count <= block.count - at else {
            return nil
        }
        defer { at += count }
        return HeaderText(at: at, count: count, isHuffman: isHuffman)
    }

    /// An integer (RFC 7541, 5.1), or nil if the block ends inside of it or it is longer than any
    /// that a block of ours needs.
    @inline(__always)
    private mutating func number(prefixBits: UInt8) -> Int? {
        let mask = UInt8(1) << prefixBits - 1
        let prefix = unsafe block[at] & mask
        at += 1
        guard prefix == mask else { return Int(prefix) }
        return longNumber(from: Int(prefix))
    }

    private mutating func longNumber(from prefix: Int) -> Int? {
        var value = prefix
        for index in 0..<Self.continuationBytesMax {
            guard unsafe at < block.count else { return nil }
            let byte = unsafe block[at]
            at += 1
            value += Int(byte & 0x7F) << (7 * index)
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}

/// How one field stands in a header block.
struct HeaderRepresentation {
    enum Kind {
        /// A field of the tables.
        case indexed
        /// Spelt, at least its value, and added to the decoder's table.
        case added
        /// Spelt and not added.
        case spelt
    }

    let kind: Kind
    /// Of the field, or of its name; 0: the name is spelt.
    let index: Int
    let start: Int
    var end: Int
    /// Where the value's length stands.
    var valueStart = 0
    var name = HeaderText(at: 0, count: 0, isHuffman: false)
    var value = HeaderText(at: 0, count: 0, isHuffman: false)

    init(_ kind: Kind, index: Int, start: Int, end: Int) {
        self.kind = kind
        self.index = index
        self.start = start
        self.end = end
    }

    /// The first index of the dynamic table, its newest field.
    static let newestIndex = 62

    var isDynamic: Bool { index >= Self.newestIndex }
}

/// Where a name or a value is spelt in a block.
struct HeaderText {
    let at: Int
    let count: Int
    let isHuffman: Bool
}
