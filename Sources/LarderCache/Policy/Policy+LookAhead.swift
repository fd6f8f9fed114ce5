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

    // Where evictions follow close upon each other, one write ahead is too late: there the header
    // is asked for three entries ahead, then the shard, its slots and its counters.

    /// Fetches what evictions will need of which many are to come.
    mutating func lookFurtherAhead(_ shards: borrowing ShardArray) {
        guard entryCount > Self.entriesAtHand else { return }
        if let candidate = window.oldest { candidates.lookAhead(from: candidate, shards) }
        if let victim = main.victim { victims.lookAhead(from: victim, shards) }
    }
}

extension KnownHashes {
    /// Fetches what is needed of the entries behind the first one of a list.
    @inline(__always)
    fileprivate mutating func lookAhead(from first: EntryBlock, _ shards: borrowing ShardArray) {
        guard let second = first.next, let third = second.next else { return }
        let link = third.link
        guard !isLatest(link) else { return }
        third.next?.prefetch()
        let hash = third.hash
        shards.prefetchShard(of: hash)
        shards.prefetch(hash)
        learn(link, hash)
    }
}
