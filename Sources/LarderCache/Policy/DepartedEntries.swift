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

    private static func release(_ list: EntryList) {
        var next = list.head
        while let block = next {
            next = block.next
            block.release()
        }
    }
}
