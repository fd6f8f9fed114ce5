/// Entries that have left the cache and wait to be let go of once the locks are free.
///
/// They are chained through their own headers, so that leaving needs no memory.
struct DepartedEntries: ~Copyable, Sendable {
    private var list = EntryList()

    deinit {
        Self.release(list)
    }

    /// Takes over the cache's reference to an entry that is in no table and no list any more.
    mutating func append(_ block: EntryBlock) {
        list.append(block)
    }

    /// Lets go of all. To be called without a lock: this is where memory is freed.
    mutating func release() {
        let departed = list
        list = EntryList()
        Self.release(departed)
    }

    /// Lets go of all; what is left are the cells of those that nobody else holds. To be called
    /// without a lock, and followed by `freeCells`.
    mutating func releaseAllButCells() {
        keepThose { $0.releaseAllButCell() }
    }

    /// Offers the cells that are left; those that `isTaken` takes are not this list's any more.
    mutating func giveCells(_ isTaken: (EntryBlock) -> Bool) {
        keepThose { !isTaken($0) }
    }

    /// Gives the cells that are left back to the arena.
    mutating func freeCells(in arena: borrowing EntryArena) {
        arena.free(list.head)
        list = EntryList()
    }

    private mutating func keepThose(_ isKept: (EntryBlock) -> Bool) {
        var next = list.head
        list = EntryList()
        while let block = next {
            next = block.next
            if isKept(block) { list.append(block) }
        }
    }

    private static func release(_ list: EntryList) {
        var next = list.head
        while let block = next {
            next = block.next
            block.release()
        }
    }
}
