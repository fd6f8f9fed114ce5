internal import Synchronization

extension Cache {
    /// Flush rounds beyond those that what was there at the start needs, before the rest goes in
    /// one hold.
    private static let flushRoundsSpare = 16
    private static let flushedPerHold = 1024
    /// Entries that may be moved in the wheel for each that may be removed: before its time is
    /// over an entry is moved once a level.
    private static let stepsPerExpiry = 8

    /// Changes the byte budget; one that began with little can not grow beyond what its links reach
    /// (28 GiB, or twice what it began with). What does not fit any more is evicted before this returns, in
    /// steps that let others in between.
    public func setBudget(_ budgetBytes: UInt64) {
        let bytes = charging.budgetBytes(budgetBytes, in: arena)
        setBudget { Budget(bytes: bytes, entriesMax: $0.entriesMax, laneCount: $0.laneCount) }
    }

    /// Changes the entry limit (at least 1; `nil`: none) the same way.
    public func setEntriesMax(_ entriesMax: UInt64?) {
        setBudget { Budget(bytes: $0.bytes, entriesMax: entriesMax, laneCount: $0.laneCount) }
    }

    private func setBudget(_ change: (Budget) -> Budget) {
        // One change at a time: what waits has come under the budget that it is taken over with.
        budgetChanges.withLock { _ in
            lanes.forEach { $0.close(arena) }
            withSettledPolicy { policy in
                let budget = change(policy.budget)
                policy.setBudget(budget)
                chargeBytesMax.store(budget.mainBytesMax, ordering: .relaxed)
                arena.setSlack(
                    bytes: budget.holeBytesMax,
                    idlePageBytes: budget.idlePageBytesMax + gatheringPageBytes)
                lanes.forEach { $0.open(budget.laneBounds) }
            }
        }
        var departed = DepartedEntries()
        var stepsMax = Self.stepsPerHold
        var isDone = false
        while !isDone {
            isDone = policy.withLock { policy in
                var means = Policy.Means(nowNanos: 0, steps: stepsMax)
                return policy.shrink(&means, shards, &departed)
            }
            departed.release()
            stepsMax = Self.stepsAfter(stepsMax)
        }
        drainThrough()
    }

    /// How keys are weighed against each other from now on; `nil`: as serves the traffic best.
    package func setAdmissionMode(_ mode: AdmissionMode?) {
        policy.withLock { $0.pinMode(mode) }
    }

    /// How keys are weighed against each other now.
    package var admissionMode: AdmissionMode { policy.withLock { $0.choice.mode } }

    /// Removes everything that was stored before the call. What is stored meanwhile may go too.
    public func flush() {
        var departed = DepartedEntries()
        let entries = withSettledPolicy { $0.entryCount }
        let roundsMax =
            entries / UInt64(Self.flushedPerHold) + UInt64(Self.flushRoundsSpare)
        var round: UInt64 = 0
        var isEmpty = false
        while !isEmpty {
            let limit = round < roundsMax ? Self.flushedPerHold : .max
            isEmpty = policy.withLock { policy in
                policy.flush(limit: limit, shards, &departed)
            }
            departed.release()
            round += 1
        }
        drainThrough()
    }

    /// Removes up to `limit` entries whose time is over and tells how many. Reads never see such
    /// entries anyway; this gives their memory back. Fewer, or none, may go while others in the
    /// wheel have to be filed anew: the work of a call is in proportion to `limit`.
    @discardableResult
    public func expire(nowNanos: UInt64, limit: Int) -> Int {
        withSettledPolicy { _ in }
        var departed = DepartedEntries()
        var expired = 0
        var stepsLeft = min(limit, .max / Self.stepsPerExpiry) * Self.stepsPerExpiry
        while expired < limit && stepsLeft > 0 {
            let stepsMax = min(Self.stepsPerHold, limit - expired, stepsLeft)
            let (removed, steps) = policy.withLock { policy in
                var steps = stepsMax
                let removed = policy.expire(
                    nowNanos: nowNanos, steps: &steps, shards, &departed)
                return (removed, steps)
            }
            departed.release()
            expired += removed
            stepsLeft -= stepsMax
            if steps > 0 { break }
        }
        if arena.needsDrain { drainAlong(bytes: UInt64(EntryArena.segmentBytes)) }
        return expired
    }
}
