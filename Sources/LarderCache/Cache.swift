internal import Synchronization

/// A cache of bytes under a byte budget that counts keys, values and overhead.
///
/// Keys are spread over shards by a seeded hash. A read takes its shard's lock only, and so
/// does a write that overwrites a value where it lies; a small one under a new key takes that of
/// its processor's lane, too, and now and then the policy's for many; any other takes the
/// policy's lock, then those of the shards it touches, one after the other. What goes is freed
/// after all locks are let go. Time comes from the caller, in nanoseconds of one monotonic clock.
public final class Cache: Sendable {
    /// What a processor keeps at hand of the entries, or near enough that asking for them ahead
    /// costs more than waiting.
    private static let atHandBytes: UInt64 = 2 << 20

    /// Entries that one hold of the policy's lock moves or evicts, before others get a turn.
    static let stepsPerHold = 256

    /// The steps of the hold that follows one of `steps` that was not enough: twice as many, so
    /// that others who fill the room again can not keep it up for ever.
    static func stepsAfter(_ steps: Int) -> Int { steps > .max / 2 ? .max : steps * 2 }

    let arena: EntryArena
    let shards: ShardArray
    let lanes: LaneArray
    let policy: Guarded<Policy>
    let budgetChanges = Mutex<Void>(())
    let notes = ReadNotes()
    let charging: Charging
    private let hash: KeyHash
    let keyBytesMax: Int
    let valueBytesMax: UInt64
    let gatheringPageBytes: UInt64
    /// The most that one entry may cost now.
    let chargeBytesMax: Atomic<UInt64>
    /// Whether there is more in the cache than the processor's own caches hold.
    private let isBeyondProcessor = Atomic<Bool>(false)

    /// Makes an empty cache. Traps on a configuration out of the bounds it documents, and if the
    /// system has no addresses for it (``systemHasAddresses``).
    public init(_ configuration: Configuration) {
        precondition(
            configuration.shardCount <= Configuration.shardCountMax,
            "there are at most 4,096 shards")
        precondition(
            configuration.writerCount >= 1, "someone writes")
        precondition(
            configuration.keyBytesMax >= 1 && configuration.keyBytesMax <= Int(UInt16.max),
            "the longest key is 1 to 65,535 bytes")
        arena = EntryArena(
            budgetBytes: configuration.charging.arenaBytes(configuration.budgetBytes),
            firstVersion: configuration.firstVersion, hash: KeyHash(configuration.seed))
        lanes = LaneArray(writers: configuration.writerCount, arena: arena)
        let budget = Budget(
            bytes: configuration.charging.budgetBytes(configuration.budgetBytes, in: arena),
            entriesMax: configuration.entriesMax,
            laneCount: configuration.charging == .real ? lanes.count : 0)
        gatheringPageBytes = configuration.gatheringPageBytes
        arena.setSlack(
            bytes: budget.holeBytesMax,
            idlePageBytes: budget.idlePageBytesMax + gatheringPageBytes)
        shards = ShardArray(
            count: configuration.shardCount, seed: configuration.seed, arena: arena,
            firstVersion: configuration.firstVersion)
        lanes.forEach { $0.open(budget.laneBounds) }
        policy = Guarded(Policy(configuration, budget: budget, arena: arena))
        hash = KeyHash(configuration.seed)
        charging = configuration.charging
        keyBytesMax = configuration.keyBytesMax
        valueBytesMax = min(configuration.valueBytesMax, UInt64(UInt32.max))
        chargeBytesMax = Atomic(budget.mainBytesMax)
    }

    /// The part of the key's hash that the cache works with.
    @inline(__always)
    func hash(of key: Span<UInt8>) -> UInt64 { hash.upper(key) }

    /// Whether most entries come from memory when they are looked at.
    var isLarge: Bool { isBeyondProcessor.load(ordering: .relaxed) }

    /// Notes how much is in the cache.
    func noteUsed(bytes: UInt64) {
        let isBeyond = bytes > Self.atHandBytes
        if isLarge != isBeyond { isBeyondProcessor.store(isBeyond, ordering: .relaxed) }
    }

    // MARK: reading

    /// The item under `key`, held for the caller; `nil` on a miss.
    ///
    /// - Complexity: O(1); one short lock, unless the item's time to live is changed or over.
    public func get(
        _ key: Span<UInt8>, _ options: ReadOptions = ReadOptions(), nowNanos: UInt64
    ) -> EntryReference? {
        get(key, hash(of: key), options, nowNanos: nowNanos)
    }

    @inline(__always)
    func get(
        _ key: Span<UInt8>, _ hash: UInt64, _ options: ReadOptions, nowNanos: UInt64
    ) -> EntryReference? {
        if let timeToLive = options.touch {
            return getTouching(key, hash, timeToLive, options, nowNanos: nowNanos)
        }
        if isLarge { shards.prefetch(hash) }
        let (reading, turn) = shards.withShard(of: hash) {
            let reading = $0.read(
                key, hash: hash, ageNanosMax: options.ageNanosMax, isPeek: options.peek,
                nowNanos: nowNanos)
            return (reading, $0.requests)
        }
        return conclude(reading, key, hash, options, turn: turn, nowNanos: nowNanos)
    }

    /// What a reading comes to, when its locks are let go.
    @inline(__always)
    private func conclude(
        _ reading: Shard.Reading, _ key: Span<UInt8>, _ hash: UInt64, _ options: ReadOptions,
        turn: UInt64, nowNanos: UInt64
    ) -> EntryReference? {
        if !options.peek && isNoted(hash, reading, turn) { note(hash, reading, nowNanos: nowNanos) }
        switch reading {
        case .hit(let block): return EntryReference(owning: block)
        case .miss: return nil
        case .expired:
            removeExpired(key, hash, nowNanos: nowNanos)
            return nil
        }
    }

    /// Whether the policy wants to hear of a read.
    @inline(__always)
    private func isNoted(_ hash: UInt64, _ reading: Shard.Reading, _ turn: UInt64) -> Bool {
        guard notes.isTurn(turn) else { return false }
        if notes.isSampled(hash) { return true }
        guard case .hit(let block) = reading else { return false }
        return notes.isHeavy(bytes: charging.bytes(of: block))
    }

    /// Notes a read of the sample for the policy, which looks at it when it is not busy.
    @inline(never)
    private func note(_ hash: UInt64, _ reading: Shard.Reading, nowNanos: UInt64) {
        var note = ReadNote(hash: hash)
        if case .hit(let block) = reading {
            note.bytes = charging.bytes(of: block)
            note.expiresAtNanos = block.expiresAtNanos
        }
        guard notes.add(note) else { return }
        policy.withLockIfFree { $0.learn(from: notes, nowNanos: nowNanos) }
    }

    private func getTouching(
        _ key: Span<UInt8>, _ hash: UInt64, _ timeToLive: TimeToLive, _ options: ReadOptions,
        nowNanos: UInt64
    ) -> EntryReference? {
        var departed = DepartedEntries()
        let reading = policy.withLock { policy in
            // What waits in a lane has no place in the wheel yet.
            let present = policy.present(
                under: key, hash: hash, nowNanos, shards, lanes, &departed)
            defer { present?.release() }
            let reading = shards.withShard(of: hash) {
                $0.read(
                    key, hash: hash, ageNanosMax: options.ageNanosMax, isPeek: options.peek,
                    nowNanos: nowNanos)
            }
            guard case .hit(let block) = reading else { return reading }
            guard block.isListed else {
                block.release()
                return .miss
            }
            let expiry = timeToLive.expiresAtNanos(
                nowNanos: nowNanos, keptNanos: block.expiresAtNanos)
            if expiry == EntryBlock.neverExpires || block.hasTimer {
                policy.reschedule(block, expiresAtNanos: expiry)
                return reading
            }
            let timed = policy.giveTimer(to: block, arena, shards, &departed)
            policy.reschedule(timed, expiresAtNanos: expiry)
            block.release()
            var means = Policy.Means(nowNanos: nowNanos, steps: .max)
            _ = policy.shrink(&means, shards, &departed)
            return .hit(timed)
        }
        departed.release()
        return conclude(reading, key, hash, options, turn: 0, nowNanos: nowNanos)
    }

    @inline(never)
    private func removeExpired(_ key: Span<UInt8>, _ hash: UInt64, nowNanos: UInt64) {
        var departed = DepartedEntries()
        policy.withLock { policy in
            let present = policy.present(under: key, hash: hash, nowNanos, shards, lanes, &departed)
            present?.release()
        }
        departed.release()
    }

    // MARK: deleting

    /// Deletes the item under `key`, if there is one (of the version `ifVersion`).
    @discardableResult
    public func delete(
        _ key: Span<UInt8>, ifVersion: UInt64? = nil, nowNanos: UInt64
    ) -> DeleteOutcome {
        let hash = hash(of: key)
        var departed = DepartedEntries()
        let outcome: DeleteOutcome = policy.withLock { policy in
            guard
                let present = policy.present(
                    under: key, hash: hash, nowNanos, shards, lanes, &departed)
            else { return .miss }
            defer { present.release() }
            if let ifVersion, present.version != ifVersion {
                return .conditionFailed(version: present.version)
            }
            policy.discard(present, .deleted, shards, &departed)
            return .deleted
        }
        departed.release()
        return outcome
    }

    // MARK: looking

    /// What the cache holds and what has happened in it: the sum over all shards, each at its own
    /// moment.
    public func statistics() -> CacheStatistics {
        var result = withSettledPolicy { policy in CacheStatistics(policy) }
        for index in 0..<shards.count {
            let (hits, misses, overwrites) = shards.withShard(at: index) {
                ($0.hits, $0.misses, $0.overwrites)
            }
            result.hits += hits
            result.misses += misses
            result.sets += overwrites
        }
        return result
    }

    /// Traps unless every sum, link and bound holds. Costs a look at every entry, under the lock.
    package func checkInvariants() {
        policy.withLock { $0.checkInvariants(shards, lanes) }
        arena.checkInvariants()
    }
}

extension CacheStatistics {
    /// The policy's part of it.
    init(_ policy: borrowing Policy) {
        let tally = policy.tally
        entries = policy.entryCount
        usedBytes = policy.usedBytes
        budgetBytes = policy.budget.bytes
        entriesMax = policy.budget.entriesMax
        keyBytes = tally.keyBytes
        valueBytes = tally.valueBytes
        sets = tally.sets
        deleted = tally.deleted
        evicted = tally.evicted
        evictedBytes = tally.evictedBytes
        expired = tally.expired
        flushed = tally.flushed
        notAdmitted = tally.notAdmitted
        notAdmittedBytes = tally.notAdmittedBytes
    }
}
