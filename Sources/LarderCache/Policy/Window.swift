/// Where newcomers wait until their popularity is known: first in, first out.
struct Window: Sendable {
    static let listIndex: UInt8 = 64

    private(set) var list = EntryList()
    private(set) var bytes: UInt64 = 0
    private(set) var count: UInt64 = 0

    /// The entry that has to leave next.
    var oldest: EntryBlock? { list.head }

    mutating func append(_ block: EntryBlock, bytes charge: UInt64) {
        block.listIndex = Self.listIndex
        list.append(block)
        bytes += charge
        count += 1
    }

    mutating func remove(_ block: EntryBlock, bytes charge: UInt64) {
        list.remove(block)
        block.listIndex = EntryBlock.noList
        bytes -= charge
        count -= 1
    }

    /// Puts `newer`, the same entry in another block, where `older` is.
    mutating func exchange(
        _ older: EntryBlock, bytes olderCharge: UInt64, for newer: EntryBlock,
        bytes newerCharge: UInt64
    ) {
        newer.listIndex = Self.listIndex
        list.exchange(older, for: newer)
        older.listIndex = EntryBlock.noList
        bytes = bytes - olderCharge + newerCharge
    }
}
