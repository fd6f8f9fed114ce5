// New keys: put into their tables at once, and before the policy many at a time.
extension Cache {
    /// Times that a newcomer finds its lane full before it goes to the policy itself.
    private static let attemptsMax = 2
    /// The largest key and value together that may wait.
    private static let newcomerBytesMax = 8 * 1024

    private enum Admitting: Sendable {
        case stored(version: UInt64, isDue: Bool)
        case laneIsFull
        /// It is not for a lane: too large, not new, or with a version that needs more room.
        case notForLane
    }

    /// Stores a small item under a key that is not there, and tells its version; `nil` if the
    /// policy has to decide first.
    @inline(__always)
    func admit(
        _ key: Span<UInt8>, _ hash: UInt64, _ value: Span<UInt8>, _ options: WriteOptions,
        nowNanos: UInt64
    ) -> UInt64? {
        guard key.count + value.count <= Self.newcomerBytesMax, options.suitsLane,
            charging == .real, !EntryStamp.isOutgrown(nowNanos)
        else { return nil }
        let lane = lanes.current
        for _ in 0..<Self.attemptsMax {
            switch admit(key, hash, value, options, lane, nowNanos: nowNanos) {
            case .stored(let version, let isDue):
                if isDue { settleIfFree(lane, nowNanos: nowNanos) }
                if arena.needsDrain { drainAlong(bytes: UInt64(key.count + value.count)) }
                return version
            case .laneIsFull: settle(lane, nowNanos: nowNanos)
            case .notForLane: return nil
            }
        }
        return nil
    }

    @inline(__always)
    private func admit(
        _ key: Span<UInt8>, _ hash: UInt64, _ value: Span<UInt8>, _ options: WriteOptions,
        _ lane: Int, nowNanos: UInt64
    ) -> Admitting {
        let mayExpire = options.timeToLive != .never
        let isWide = options.ownVersion != nil
        let shape = EntryShape(hasFlags: options.flags != 0, hasTimer: mayExpire, isWide: isWide)
        let charge = EntryCharge.bytes(
            keyBytes: key.count, valueBytes: value.count, shape: shape, unitBytes: arena.unitBytes)
        return lanes.withLane(at: lane) { lane in
            guard lane.suits(bytes: charge) else { return .notForLane }
            guard lane.hasRoom(bytes: charge) else { return .laneIsFull }
            let block = EntryBlock.make(
                in: arena, cells: &lane.cells, key: key, value: value, flags: options.flags,
                mayExpire: mayExpire, isWide: isWide)
            block.expiresAtNanos = options.timeToLive.expiresAtNanos(
                nowNanos: nowNanos, keptNanos: EntryBlock.neverExpires)
            let version = shards.withShard(of: hash) {
                $0.admit(block, key, hash: hash, options, nowNanos: nowNanos)
            }
            guard let version else {
                block.release()
                return .notForLane
            }
            lane.append(block, hash: hash, bytes: charge, nowNanos: nowNanos)
            return .stored(version: version, isDue: lane.isDue)
        }
    }

    // MARK: settling

    @inline(never)
    private func settleIfFree(_ lane: Int, nowNanos: UInt64) {
        var departed = DepartedEntries()
        policy.withLockIfFree { policy in
            var steps = Self.stepsPerHold
            _ = settle(lane, &policy, &steps, &departed, nowNanos: nowNanos)
        }
        release(&departed, into: lane)
    }

    @inline(never)
    private func settle(_ lane: Int, nowNanos: UInt64) {
        var departed = DepartedEntries()
        var stepsMax = Self.stepsPerHold
        var isDone = false
        while !isDone {
            isDone = policy.withLock { policy in
                var steps = stepsMax
                return settle(lane, &policy, &steps, &departed, nowNanos: nowNanos)
            }
            release(&departed, into: lane)
            stepsMax = Self.stepsAfter(stepsMax)
        }
    }

    private func settle(
        _ lane: Int, _ policy: inout Policy, _ steps: inout Int,
        _ departed: inout DepartedEntries, nowNanos: UInt64
    ) -> Bool {
        policy.learn(from: notes, nowNanos: nowNanos)
        noteUsed(bytes: policy.usedBytes)
        return policy.settle(lanes, lane, &steps, shards, &departed)
    }

    /// Lets go of entries, whose cells the lane may keep.
    private func release(_ departed: inout DepartedEntries, into lane: Int) {
        departed.releaseAllButCells()
        lanes.withLane(at: lane) { lane in departed.giveCells { lane.cells.keep($0) } }
        departed.freeCells(in: arena)
    }

    /// Runs `body` on the policy after that has taken over all that waited before the call.
    func withSettledPolicy<Result: Sendable>(_ body: (inout Policy) -> Result) -> Result {
        var departed = DepartedEntries()
        var stepsMax = Self.stepsPerHold
        while true {
            let result: Result? = policy.withLock { policy in
                var steps = stepsMax
                let isDone = policy.settleAll(lanes, &steps, shards, &departed)
                return isDone ? body(&policy) : nil
            }
            departed.release()
            if let result { return result }
            stepsMax = Self.stepsAfter(stepsMax)
        }
    }
}

extension WriteOptions {
    /// Whether a write of a key that is not there may go before the policy later.
    var suitsLane: Bool {
        switch admission {
        case .policy: return idleNanosMax == nil && allowWrite(over: nil)
        case .freeSpaceOnly, .force: return false
        }
    }
}
