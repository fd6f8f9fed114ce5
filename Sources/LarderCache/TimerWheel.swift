/// The entries that expire, in the order in which they will, coarsely.
///
/// Reads check the exact moment themselves; the wheel is there so that the memory of what
/// nobody asks for any more comes back, about 0.13 s after its time at the soonest.
///
/// What expires unless it is used is filed anew when its slot comes up and it was used meanwhile:
/// reads leave the wheel alone.
///
/// - Complexity: scheduling and cancelling are O(1); an entry is moved at most once a level
///   before it is due, and as often again in each of its idle times.
package struct TimerWheel: ~Copyable, Sendable {
    // A hierarchical wheel: 64 slots a level, a slot of one level as long as the whole level
    // below. An entry's level is that of the highest digit (base 64) in which its tick differs
    // from the wheel's. Source: Varghese, Lauck: Hashed and hierarchical timing wheels.
    /// A tick is 2^27 ns.
    private static let tickBits: UInt64 = 27
    private static let digitBits = 6
    private static let slotsPerLevel = 64
    /// Seven levels of six bits hold the 37 bits of any tick.
    private static let levelCount = 7

    // Arrays, since a look into an `InlineArray` this large may copy all of what holds it.
    private var heads = [EntryBlock?](repeating: nil, count: slotsPerLevel * levelCount)
    private var occupied = [UInt64](repeating: 0, count: levelCount)
    /// The wheel's own time; never ahead of the latest moment it was told.
    private var tick: UInt64 = 0
    package private(set) var count: UInt64 = 0

    package init() {}

    // MARK: filing

    /// Files an entry, which is in no slot, under the moment at which its time is over as things
    /// are; does nothing if it never is.
    package mutating func schedule(_ block: EntryBlock) {
        let dueNanos = block.dueNanos
        guard dueNanos != EntryBlock.neverExpires else { return }
        let wholeTicks = dueNanos &>> Self.tickBits
        let isExact = dueNanos & ((1 &<< Self.tickBits) - 1) == 0
        let due = max(isExact ? wholeTicks : wholeTicks + 1, tick)
        let differing = due ^ tick
        let topBit = differing == 0 ? 0 : 63 - differing.leadingZeroBitCount
        let level = topBit / Self.digitBits
        let digit = Int(truncatingIfNeeded: due &>> UInt64(level * Self.digitBits) & 63)
        let slot = level * Self.slotsPerLevel + digit

        let head = heads[slot]
        block.timerSlot = UInt16(slot)
        block.timerPrevious = nil
        block.timerNext = head
        head?.timerPrevious = block
        heads[slot] = block
        occupied[level] |= 1 &<< UInt64(digit)
        count += 1
    }

    /// Takes an entry out, if it is in.
    package mutating func cancel(_ block: EntryBlock) {
        guard block.timerSlot != EntryBlock.noTimer else { return }
        let slot = Int(block.timerSlot)
        let previous = block.timerPrevious
        let next = block.timerNext
        next?.timerPrevious = previous
        if let previous {
            previous.timerNext = next
        } else {
            heads[slot] = next
            if next == nil {
                occupied[slot / Self.slotsPerLevel] &=
                    ~(1 &<< UInt64(slot % Self.slotsPerLevel))
            }
        }
        block.timerPrevious = nil
        block.timerNext = nil
        block.timerSlot = EntryBlock.noTimer
        count -= 1
    }

    /// Puts `newer`, the same entry in another block, where `older` is, if it is anywhere.
    mutating func exchange(_ older: EntryBlock, for newer: EntryBlock) {
        guard older.timerSlot != EntryBlock.noTimer else { return }
        let slot = older.timerSlot
        let previous = older.timerPrevious
        let next = older.timerNext
        newer.timerSlot = slot
        newer.timerPrevious = previous
        newer.timerNext = next
        next?.timerPrevious = newer
        if let previous { previous.timerNext = newer } else { heads[Int(slot)] = newer }
        older.timerSlot = EntryBlock.noTimer
    }

    // MARK: turning

    /// Whether there may be something to do that there was not at the last turn.
    @inline(__always)
    func mayBeDue(nowNanos: UInt64) -> Bool { nowNanos &>> Self.tickBits > tick && count > 0 }

    /// When the wheel has something to move or to give out next; `nil` if it is empty.
    package var nextTurnNanos: UInt64? {
        guard let (_, _, start) = earliestSlot() else { return nil }
        let (nanos, overflow) = start.multipliedReportingOverflow(by: 1 &<< Self.tickBits)
        return overflow ? .max : nanos
    }

    /// Takes out one entry whose time is over, doing at most `steps` moves, which it counts
    /// down. `nil` if none is left or the steps are used up.
    package mutating func nextDue(nowNanos: UInt64, steps: inout Int) -> EntryBlock? {
        let nowTick = nowNanos &>> Self.tickBits
        // Callers' clocks may differ by a little; the wheel never turns back.
        guard nowTick >= tick else { return nil }
        while steps > 0 {
            guard let (level, digit, start) = earliestSlot(), start <= nowTick else {
                tick = nowTick
                return nil
            }
            tick = max(tick, start)
            guard let block = heads[level * Self.slotsPerLevel + digit] else {
                preconditionFailure("an occupied slot holds an entry")
            }
            steps -= 1
            cancel(block)
            if level == 0 && block.isExpired(nowNanos: nowNanos) { return block }
            schedule(block)
        }
        return nil
    }

    /// The occupied slot that begins first; of those that begin together the one of the highest
    /// level, so that it is emptied before the wheel turns on.
    private func earliestSlot() -> (level: Int, digit: Int, start: UInt64)? {
        var earliest: (level: Int, digit: Int, start: UInt64)?
        for level in 0..<Self.levelCount where occupied[level] != 0 {
            let shift = UInt64(level * Self.digitBits)
            let current = tick &>> shift & 63
            // All digits of a level are at or after the wheel's own: an entry that lies in
            // the next round differs in a higher digit.
            let ahead = occupied[level] &>> current
            precondition(ahead != 0, "no slot of a level lies behind the wheel")
            let digit = current + UInt64(ahead.trailingZeroBitCount)
            let start = ((tick &>> shift) - current + digit) &<< shift
            if start <= earliest?.start ?? .max {
                earliest = (level, Int(truncatingIfNeeded: digit), start)
            }
        }
        return earliest
    }

    // MARK: checking

    /// Traps unless slots, links, marks and the count agree.
    package func checkInvariants() {
        var seen: UInt64 = 0
        for slot in 0..<heads.count {
            let isMarked =
                occupied[slot / Self.slotsPerLevel] &>> UInt64(slot % Self.slotsPerLevel) & 1 == 1
            precondition(isMarked == (heads[slot] != nil), "an occupied slot is marked")
            var last: EntryBlock?
            var next = heads[slot]
            while let block = next {
                precondition(Int(block.timerSlot) == slot, "an entry knows its slot")
                precondition(block.timerPrevious == last, "links go both ways")
                last = block
                next = block.timerNext
                seen += 1
            }
        }
        precondition(seen == count, "the wheel counts its entries")
    }
}
