// A write, from the present item to the new one.
extension Policy {
    /// What came of a write.
    enum Writing: Sendable {
        case stored(version: UInt64)
        /// The present item, if there is one; retained once more if the writer asked for it.
        case conditionFailed(version: UInt64, current: EntryBlock?)
        case notAdmitted
        /// The item can not fit the budget as it is now.
        case tooLarge
        /// The item that the new value was made from is not there any more.
        case outdated
        /// Another hold of the lock is needed.
        case unfinished
        /// The block has no room for its version and has to be a wide one.
        case tooNarrow
    }

    /// Timers that a write looks after on its way.
    private static let timerStepsPerWrite = 4

    /// Puts `block` in the place of what is there under its key, of this hash, if `options` and the policy
    /// allow it. `basis`: the item that the value was made from; nothing else may be replaced.
    ///
    /// An item already there is replaced whatever the policy thinks of the new one: what may not
    /// happen is that the old value is served on. Only where nothing may be evicted for it the
    /// write is not admitted, and then the old item goes too.
    mutating func write(
        _ block: EntryBlock, hash: UInt64, _ options: WriteOptions, basis: EntryBlock?,
        _ means: inout Means, _ shards: borrowing ShardArray, _ lanes: borrowing LaneArray,
        _ departed: inout DepartedEntries
    ) -> Writing {
        let nowNanos = means.nowNanos
        if timers.mayBeDue(nowNanos: nowNanos) {
            var steps = Self.timerStepsPerWrite
            _ = expire(nowNanos: nowNanos, steps: &steps, shards, &departed)
        }
        guard charge(of: block) <= budget.mainBytesMax else { return .tooLarge }

        let present = present(under: block.key, hash: hash, nowNanos, shards, lanes, &departed)
        defer { present?.release() }
        if let basis, present != basis { return .outdated }
        guard options.allowWrite(over: present?.version) else {
            if options.returnCurrent { present?.retain() }
            return .conditionFailed(
                version: present?.version ?? 0, current: options.returnCurrent ? present : nil)
        }

        let stepsBefore = means.steps
        let room = makeRoom(
            for: block, replacing: present, options.admission, &means, shards, &departed)
        defer { if means.steps != stepsBefore { lookAhead(shards) } }
        switch room {
        case .unfinished: return .unfinished
        case .refused:
            if let present { discard(present, .evicted, shards, &departed) }
            noteNotAdmitted(block)
            noteWritten(
                hash, bytes: charge(of: block), isNew: present == nil,
                expiresAtNanos: block.expiresAtNanos, nowNanos: nowNanos)
            return .notAdmitted
        case .place(let place):
            setTimes(block, options, over: present, nowNanos)
            let writing = publish(block, hash: hash, over: present, options, nowNanos, shards)
            guard case .stored = writing else { return writing }
            if let present {
                unlink(present)
                departed.append(present)
            }
            link(block, place)
            noteStored()
            noteWritten(
                hash, bytes: charge(of: block), isNew: present == nil,
                expiresAtNanos: block.expiresAtNanos, nowNanos: nowNanos)
            return writing
        }
    }

    /// Puts `block` into its shard's table, where everybody finds it from then on.
    private func publish(
        _ block: EntryBlock, hash: UInt64, over present: EntryBlock?, _ options: WriteOptions,
        _ nowNanos: UInt64, _ shards: borrowing ShardArray
    ) -> Writing {
        shards.withShard(of: hash) { shard in
            // Newcomers come into the tables while others have the policy.
            if present == nil && shard.table.find(block.key, hash: hash) != nil {
                return .unfinished
            }
            let version =
                options.ownVersion
                ?? shard.versions.next(after: present?.version ?? 0, nowNanos: nowNanos)
            guard block.hasRoom(version: version, nowNanos: nowNanos) else { return .tooNarrow }
            block.noteWrite(version: version, nowNanos: nowNanos)
            if let present {
                shard.replace(present, with: block, hash: hash)
            } else {
                shard.insert(block, hash: hash)
            }
            return .stored(version: version)
        }
    }

    /// Times that newcomers are taken over for one key.
    private static let settlingsMax = 8

    /// The item under a key; one whose time is over is taken out and counts as absent. It has one
    /// more reference, which the caller gives back: until then nobody overwrites it.
    ///
    /// What came while this was looking may count as absent, too.
    mutating func present(
        under key: Span<UInt8>, hash: UInt64, _ nowNanos: UInt64, _ shards: borrowing ShardArray,
        _ lanes: borrowing LaneArray, _ departed: inout DepartedEntries
    ) -> EntryBlock? {
        for _ in 0..<Self.settlingsMax {
            let found: EntryBlock? = shards.withShard(of: hash) { shard in
                guard let block = shard.table.find(key, hash: hash) else { return nil }
                block.retain()
                return block
            }
            guard let found else { return nil }
            if found.isListed {
                guard found.isExpired(nowNanos: nowNanos) else { return found }
                discard(found, .expired, shards, &departed)
                found.release()
                return nil
            }
            // It waits in a lane. Taken over, it may go at once, and come again.
            found.release()
            var steps = Int.max
            _ = settleAll(lanes, &steps, shards, &departed)
        }
        return nil
    }

    /// Gives the entry its times, before anyone can see it.
    private func setTimes(
        _ block: EntryBlock, _ options: WriteOptions, over present: EntryBlock?,
        _ nowNanos: UInt64
    ) {
        block.noteUse(nowNanos: nowNanos)
        let kept = present?.expiresAtNanos ?? EntryBlock.neverExpires
        switch options.mode {
        case .replace:
            block.expiresAtNanos = options.timeToLive.expiresAtNanos(
                nowNanos: nowNanos, keptNanos: kept)
        case .append, .prepend: block.expiresAtNanos = kept
        }
    }
}
