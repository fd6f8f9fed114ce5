// Newcomers that are in their tables and in a lane: taken over, in the order in which they came.
extension Policy {
    /// Timers that are looked after for each newcomer.
    private static let timerStepsPerNewcomer = 4

    /// Takes over what waits in a lane; `false`: the steps are used up.
    mutating func settle(
        _ lanes: borrowing LaneArray, _ lane: Int, _ steps: inout Int,
        _ shards: borrowing ShardArray, _ departed: inout DepartedEntries
    ) -> Bool {
        guard settleBatch(&steps, shards, &departed) else { return false }
        takeNewcomers(lanes, lane)
        return settleBatch(&steps, shards, &departed)
    }

    /// Takes over what waits in any lane; `false`: the steps are used up.
    mutating func settleAll(
        _ lanes: borrowing LaneArray, _ steps: inout Int, _ shards: borrowing ShardArray,
        _ departed: inout DepartedEntries
    ) -> Bool {
        for lane in 0..<lanes.count {
            guard settle(lanes, lane, &steps, shards, &departed) else { return false }
        }
        return true
    }

    private mutating func settleBatch(
        _ steps: inout Int, _ shards: borrowing ShardArray, _ departed: inout DepartedEntries
    ) -> Bool {
        guard !newcomers.isEmpty else { return true }
        let nowNanos = newcomers.nowNanos
        if timers.mayBeDue(nowNanos: nowNanos) {
            var timerSteps = Self.timerStepsPerNewcomer * newcomers.count
            _ = expire(nowNanos: nowNanos, steps: &timerSteps, shards, &departed)
        }
        var means = Means(nowNanos: nowNanos, steps: steps)
        defer { steps = means.steps }
        while let (block, hash) = newcomers.next {
            let charge = charge(of: block)
            guard makeWindowRoom(charge, &means, shards, &departed) else { return false }
            removeNewcomer()
            link(block, .window)
            noteStored()
            noteWritten(
                hash, bytes: charge, isNew: true, expiresAtNanos: block.expiresAtNanos,
                nowNanos: nowNanos)
            lookFurtherAhead(shards)
        }
        return true
    }
}
