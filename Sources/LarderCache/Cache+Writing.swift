package import LarderPages
internal import Synchronization

extension Cache {
    /// Times that an append starts over because someone else changed the item, before it holds
    /// the lock while it joins the bytes.
    private static let joinAttemptsMax = 8
    /// A value stays in the pages that it came in if what lies there beside it is no more than one
    /// part in so many of it.
    private static let neighbourBytesDivisor = 16

    /// Stores `value` under `key`. See `WriteOptions` for all that can be asked of it.
    ///
    /// A value as long as the present one goes where that lies, under its shard's lock alone, if
    /// nobody holds it. Otherwise key and value are copied before any lock is taken.
    public func set(
        _ key: Span<UInt8>, _ value: Span<UInt8>, _ options: WriteOptions = WriteOptions(),
        nowNanos: UInt64
    ) -> WriteOutcome {
        guard !key.isEmpty else { return .rejected(.keyEmpty) }
        guard key.count <= keyBytesMax else {
            return .rejected(.keyTooLong(limit: UInt64(keyBytesMax)))
        }
        let limit = valueBytesLimit(keyBytes: key.count, options)
        let hash = hash(of: key)
        switch options.mode {
        case .replace:
            guard UInt64(value.count) <= limit else {
                return .rejected(.valueTooLarge(limit: limit))
            }
            if let version = overwrite(key, hash, value, options, nowNanos: nowNanos) {
                return .stored(version: version)
            }
            if let version = admit(key, hash, value, options, nowNanos: nowNanos) {
                return .stored(version: version)
            }
            var block = EntryBlock.make(
                in: arena, key: key, value: value, flags: options.flags,
                mayExpire: options.timeToLive != .never, idleNanosMax: options.idleNanosMax,
                isWide: options.ownVersion != nil || EntryStamp.isOutgrown(nowNanos))
            let writing = write(&block, hash, options, basis: nil, nowNanos: nowNanos)
            return outcome(writing, of: block, options, keyBytes: key.count)
        case .append, .prepend:
            return join(key, hash, value, options, limit: limit, nowNanos: nowNanos)
        }
    }

    /// As `set`, of a key and a value that lie in `run`. If the value is to have pages of its own,
    /// those that it lies in become its own and nothing is copied but the key.
    package func set(
        _ run: consuming PageRun, key: Range<Int>, value: Range<Int>,
        _ options: WriteOptions = WriteOptions(), nowNanos: UInt64
    ) -> WriteOutcome {
        guard takesOver(value, of: run.bytes.count, keyBytes: key.count, options) else {
            let bytes = run.bytes
            return set(bytes.extracting(key), bytes.extracting(value), options, nowNanos: nowNanos)
        }
        let hash = hash(of: run.bytes.extracting(key))
        var block = EntryBlock.make(
            in: arena, takingOver: &run, key: key, value: value, flags: options.flags,
            mayExpire: options.timeToLive != .never, idleNanosMax: options.idleNanosMax,
            isWide: options.ownVersion != nil || EntryStamp.isOutgrown(nowNanos))
        let writing = write(&block, hash, options, basis: nil, nowNanos: nowNanos)
        return outcome(writing, of: block, options, keyBytes: key.count)
    }

    /// Whether a value that lies among `bytes` bytes in pages may stay there: it is allowed, too
    /// large for a cell, and nearly all that lies there.
    private func takesOver(
        _ value: Range<Int>, of bytes: Int, keyBytes: Int, _ options: WriteOptions
    ) -> Bool {
        guard options.mode == .replace, charging == .real, keyBytes > 0, keyBytes <= keyBytesMax,
            UInt64(value.count) > EntryCharge.cellBytesMax,
            bytes - value.count <= value.count / Self.neighbourBytesDivisor
        else { return false }
        // Where it lies it may have one page more than it needs.
        return UInt64(value.count) + EntryCharge.pageBytes
            <= valueBytesLimit(keyBytes: keyBytes, options)
    }

    /// Overwrites the present value where it lies and tells its version; `nil` if that can not be
    /// done. The policy hears of it as it hears of reads: when it is not busy.
    @inline(__always)
    private func overwrite(
        _ key: Span<UInt8>, _ hash: UInt64, _ value: Span<UInt8>, _ options: WriteOptions,
        nowNanos: UInt64
    ) -> UInt64? {
        guard value.count <= EntryBlock.overwriteBytesMax, charging == .real else { return nil }
        if isLarge { shards.prefetch(hash) }
        let overwritten = shards.withShard(of: hash) {
            $0.overwrite(key, hash: hash, value, options, nowNanos: nowNanos)
        }
        guard let overwritten else { return nil }
        if notes.isTurn(overwritten.turn)
            && (notes.isSampled(hash) || notes.isHeavy(bytes: overwritten.chargeBytes))
        {
            note(overwritten, hash, nowNanos: nowNanos)
        }
        if arena.needsDrain { drainAlong(bytes: overwritten.chargeBytes) }
        return overwritten.version
    }

    @inline(never)
    private func note(_ overwritten: Shard.Overwritten, _ hash: UInt64, nowNanos: UInt64) {
        policy.withLockIfFree { policy in
            policy.learn(from: notes, nowNanos: nowNanos)
            policy.noteWritten(
                hash, bytes: overwritten.chargeBytes, isNew: false,
                expiresAtNanos: overwritten.expiresAtNanos, nowNanos: nowNanos)
        }
    }

    /// The largest value that may be stored under a key of this size now.
    private func valueBytesLimit(keyBytes: Int, _ options: WriteOptions) -> UInt64 {
        let chargeMax = chargeBytesMax.load(ordering: .relaxed)
        // What is told in the value is compared with the budget once it is read.
        guard charging == .real else { return valueBytesMax }
        let shape = EntryShape(
            hasFlags: options.flags != 0, hasTimer: options.timeToLive != .never,
            hasIdleTime: options.idleNanosMax != nil, isWide: options.ownVersion != nil)
        let fitting = EntryCharge.valueBytesMax(
            keyBytes: keyBytes, chargeMax: chargeMax, shape: shape, unitBytes: arena.unitBytes)
        return min(valueBytesMax, fitting ?? 0)
    }

    /// Writes `block`, in as many holds of the lock as it takes; puts a wide one in its place if
    /// its version needs that.
    private func write(
        _ block: inout EntryBlock, _ hash: UInt64, _ options: WriteOptions, basis: EntryBlock?,
        nowNanos: UInt64
    ) -> Policy.Writing {
        var departed = DepartedEntries()
        var stepsMax = Self.stepsPerHold
        let charge = block.chargeBytes
        while true {
            let writing = policy.withLock { [block] policy in
                policy.learn(from: notes, nowNanos: nowNanos)
                var means = Policy.Means(nowNanos: nowNanos, steps: stepsMax)
                noteUsed(bytes: policy.usedBytes)
                return policy.write(
                    block, hash: hash, options, basis: basis, &means, shards, lanes, &departed)
            }
            departed.release()
            switch writing {
            case .unfinished: stepsMax = Self.stepsAfter(stepsMax)
            case .tooNarrow: widen(&block)
            case .stored, .conditionFailed, .notAdmitted, .tooLarge, .outdated:
                if arena.needsDrain { drainAlong(bytes: charge) }
                return writing
            }
        }
    }

    private func widen(_ block: inout EntryBlock) {
        let narrow = block
        block = narrow.widened(in: arena)
        narrow.release()
    }

    /// Turns the end of a write into an answer; a block that did not come in is freed.
    private func outcome(
        _ writing: Policy.Writing, of block: EntryBlock, _ options: WriteOptions, keyBytes: Int
    ) -> WriteOutcome {
        switch writing {
        case .stored(let version): return .stored(version: version)
        case .conditionFailed(let version, let current):
            block.release()
            guard let current else { return .conditionFailed(version: version, current: nil) }
            return .conditionFailed(
                version: version, current: EntryReference(owning: current))
        case .notAdmitted:
            block.release()
            return .notAdmitted
        case .tooLarge:
            block.release()
            return .rejected(.valueTooLarge(limit: valueBytesLimit(keyBytes: keyBytes, options)))
        case .outdated, .unfinished, .tooNarrow:
            preconditionFailure("a write is repeated until it is decided")
        }
    }

    // MARK: appending

    private func join(
        _ key: Span<UInt8>, _ hash: UInt64, _ addition: Span<UInt8>, _ options: WriteOptions,
        limit: UInt64, nowNanos: UInt64
    ) -> WriteOutcome {
        for _ in 0..<Self.joinAttemptsMax {
            let reading = shards.withShard(of: hash) {
                $0.read(key, hash: hash, ageNanosMax: nil, isPeek: true, nowNanos: nowNanos)
            }
            guard case .hit(let present) = reading else {
                return .conditionFailed(version: 0, current: nil)
            }
            // Held for as long as the new entry is compared with it.
            let basis = EntryReference(owning: present)
            guard var block = joined(basis.block, addition, options, limit: limit) else {
                return .rejected(.appendTooLarge(limit: limit))
            }
            let writing = write(&block, hash, options, basis: basis.block, nowNanos: nowNanos)
            if case .outdated = writing {
                block.release()
                continue
            }
            return outcome(writing, of: block, options, keyBytes: key.count)
        }
        return joinUnderLock(key, hash, addition, options, limit: limit, nowNanos: nowNanos)
    }

    /// The last resort where many append to one item: no one else comes between.
    private func joinUnderLock(
        _ key: Span<UInt8>, _ hash: UInt64, _ addition: Span<UInt8>, _ options: WriteOptions,
        limit: UInt64, nowNanos: UInt64
    ) -> WriteOutcome {
        enum Ending: Sendable {
            case absent, tooLarge
            case written(Policy.Writing, EntryBlock)
        }
        var departed = DepartedEntries()
        let ending: Ending = policy.withLock { policy in
            guard
                let present = policy.present(
                    under: key, hash: hash, nowNanos, shards, lanes, &departed)
            else { return .absent }
            defer { present.release() }
            guard var block = joined(present, addition, options, limit: limit) else {
                return .tooLarge
            }
            var means = Policy.Means(nowNanos: nowNanos, steps: .max)
            var writing = policy.write(
                block, hash: hash, options, basis: nil, &means, shards, lanes, &departed)
            if case .tooNarrow = writing {
                widen(&block)
                writing = policy.write(
                    block, hash: hash, options, basis: nil, &means, shards, lanes, &departed)
            }
            return .written(writing, block)
        }
        departed.release()
        switch ending {
        case .absent: return .conditionFailed(version: 0, current: nil)
        case .tooLarge: return .rejected(.appendTooLarge(limit: limit))
        case .written(let writing, let block):
            return outcome(writing, of: block, options, keyBytes: key.count)
        }
    }

    /// A new entry out of the present one and more bytes; `nil` if it were too large.
    private func joined(
        _ present: EntryBlock, _ addition: Span<UInt8>, _ options: WriteOptions, limit: UInt64
    ) -> EntryBlock? {
        guard UInt64(present.valueBytes) + UInt64(addition.count) <= limit else { return nil }
        switch options.mode {
        case .replace, .append:
            return EntryBlock.make(
                in: arena, key: present.key, value: present.value, tail: addition,
                flags: present.flags, mayExpire: present.hasTimer,
                idleNanosMax: present.idleNanosMax, isWide: options.ownVersion != nil)
        case .prepend:
            return EntryBlock.make(
                in: arena, key: present.key, value: addition, tail: present.value,
                flags: present.flags, mayExpire: present.hasTimer,
                idleNanosMax: present.idleNanosMax, isWide: options.ownVersion != nil)
        }
    }
}
