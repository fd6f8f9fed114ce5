// Memory that the next eviction will look at, asked for while this one ends.
extension Policy {
    // An eviction looks at two entries and their neighbours, at their slots and their counters,
    // all of them long out of the processor's caches: under the lock, one after the other, they
    // would be most of what it takes. Who goes next is known: so each eviction asks for what the
    // next one needs, and for the entry behind it, whose header then tells where the rest lies.

    /// Entries that the processor's own caches have room for, about.
    private static let entriesAtHand: UInt64 = 4096

    /// Fetches what the next eviction will need.
    // Mutating, or it would be handed a copy of the policy.
    mutating func lookAhead(_ shards: borrowing ShardArray) {
        guard entryCount > Self.entriesAtHand else { return }
        if let candidate = window.oldest {
            candidate.next?.prefetch()
            shards.prefetch(candidate.hash)
        }
        if let victim = main.victim {
            victim.next?.prefetch()
            shards.prefetch(victim.hash)
        }
    }
}
