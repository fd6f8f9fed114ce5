/// Where newcomers wait until their popularity is known: first in, first out.
struct Window: Sendable {
    static let listIndex: UInt8 = 64

    private(set) var list = EntryList()
    private(set) var bytes: UInt64 = 0
    private(set) var count: UInt64 = 0

    /// The entry that has to leave next.
    var oldest: EntryBlock? { list.head }

    mutating func append(_ block: EntryBlock) {
        block.listIndex = Self.listIndex
        list.append(block)
        bytes += block.chargeBytes
        count += 1
    }

    mutating func remove(_ block: EntryBlock) {
        list.remove(block)
        block.listIndex = EntryBlock.noList
        bytes -= block.chargeBytes
        count -= 1
    }

    /// Puts `newer`, the same entry in another block, where `older` is.
    mutating func exchange(_ older: EntryBlock, for newer: EntryBlock) {
        newer.listIndex = Self.listIndex
        list.exchange(older, for: newer)
        older.listIndex = EntryBlock.noList
        bytes = bytes - older.chargeBytes + newer.chargeBytes
    }
}
