/// The keys that a run of operations comes to next, and how far each is made ready.
package struct LookAhead: ~Copyable {
    // A look-up in a large cache is two loads from memory, the second at the address that the
    // first one brings: the slot, then the entry. A run of look-ups, begun one after the other,
    // waits for each of them. Begun together, and gone on with together, it waits for all at once.
    /// Keys that are made ready at a time.
    package static let keysMax = 16
    private static let indexMask = 15
    /// Keys from the one whose slot is asked for to the one whose entry is.
    private static let slotLead = 8

    private var hashes = InlineArray<16, UInt64>(repeating: 0)
    /// How many keys were added, had their entries asked for, and were taken, ever.
    private var added = 0
    private var fetched = 0
    private var taken = 0

    package init() {}

    /// Whether another key can be made ready now.
    package var hasRoom: Bool { added - taken < Self.keysMax }

    package var isEmpty: Bool { added == taken }

    fileprivate mutating func add(_ hash: UInt64) {
        precondition(hasRoom, "only so many keys are made ready at a time")
        hashes[added & Self.indexMask] = hash
        added += 1
    }

    /// The hash of the next key whose entry was not asked for yet, if that is not before
    /// the key at `end`.
    fileprivate mutating func nextToFetch(before end: Int) -> UInt64? {
        guard fetched < min(end, added) else { return nil }
        fetched += 1
        return hashes[(fetched - 1) & Self.indexMask]
    }

    /// Where the entries end that can be asked for now, since their slots have had time to come.
    fileprivate var endOfArrived: Int { added - Self.slotLead }

    /// Where the entries end that have to be asked for now, whether their slots have come or not.
    fileprivate var endOfUrgent: Int { taken + Self.slotLead }

    /// The hash of the first key that was not taken yet.
    fileprivate mutating func take() -> UInt64 {
        precondition(taken < added, "a key is made ready before it is taken")
        taken += 1
        return hashes[(taken - 1) & Self.indexMask]
    }
}

extension Cache {
    /// Whether making keys ready is worth the while: whether most entries come from memory.
    package var looksAhead: Bool { isLarge }

    /// Makes ready the key that comes behind those made ready before: everything that a look-up
    /// of it will need is asked for, and not waited for. A hint: nothing depends on it.
    @inline(__always)
    package func prepare(_ key: Span<UInt8>, in ahead: inout LookAhead) {
        let hash = hash(of: key)
        ahead.add(hash)
        guard isLarge else { return }
        shards.prefetch(hash)
        fetchEntries(&ahead, before: ahead.endOfArrived)
    }

    private func fetchEntries(_ ahead: inout LookAhead, before end: Int) {
        while let hash = ahead.nextToFetch(before: end) {
            shards.withShardIfFree(of: hash) { $0.table.prefetchEntry(hash) }
        }
    }

    /// Tells that the first key that was made ready was dealt with.
    package func pass(_ ahead: inout LookAhead) {
        if isLarge { fetchEntries(&ahead, before: ahead.endOfUrgent) }
        _ = ahead.take()
    }

    /// As `get`, of the first key that was made ready and not asked for yet.
    package func get(
        _ key: Span<UInt8>, _ options: ReadOptions, _ ahead: inout LookAhead,
        nowNanos: UInt64
    ) -> EntryReference? {
        if isLarge { fetchEntries(&ahead, before: ahead.endOfUrgent) }
        return get(key, ahead.take(), options, nowNanos: nowNanos)
    }
}
