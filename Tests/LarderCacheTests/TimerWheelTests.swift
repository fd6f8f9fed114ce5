import LarderCache
import Testing

@Suite("Timer wheel")
struct TimerWheelTests {
    private static let tickNanos: UInt64 = 1 << 27

    private static func block(
        expiresAtNanos: UInt64, in arena: borrowing EntryArena
    ) -> EntryBlock {
        let block = EntryBlock.make(
            in: arena, key: [1].span, value: Span(), flags: 0, mayExpire: true)
        block.expiresAtNanos = expiresAtNanos
        return block
    }

    @Test("entries come due never too early and a tick late at most", arguments: 0..<40)
    func agreesWithSorting(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let arena = EntryArena()
        var wheel = TimerWheel()
        var waiting: [EntryBlock] = []
        var nowNanos: UInt64 = generator.oneIn(2) ? 0 : generator.next() >> 2
        for _ in 0..<600 {
            switch generator.below(5) {
            case 0, 1:
                let nanos = generator.next() >> UInt64(2 + generator.below(62))
                let block = Self.block(expiresAtNanos: nowNanos + nanos, in: arena)
                wheel.schedule(block)
                waiting.append(block)
            case 2:
                guard !waiting.isEmpty else { break }
                let block = waiting.remove(at: generator.below(waiting.count))
                wheel.cancel(block)
                block.release()
            case 3: nowNanos += generator.next() >> UInt64(8 + generator.below(56))
            default:
                // Sometimes with too few steps to get through.
                var steps = generator.oneIn(2) ? generator.below(10) : .max
                while let block = wheel.nextDue(nowNanos: nowNanos, steps: &steps) {
                    #expect(block.expiresAtNanos <= nowNanos)
                    waiting.removeAll { $0 == block }
                    block.release()
                }
                guard steps > 0 else { break }
                let overdue = waiting.filter {
                    nowNanos >= Self.tickNanos
                        && $0.expiresAtNanos <= nowNanos - Self.tickNanos
                }
                #expect(overdue.isEmpty)
            }
            wheel.checkInvariants()
            let count = wheel.count
            #expect(count == waiting.count)
        }
        for block in waiting { block.release() }
    }

    @Test("what is used in time is filed anew, and comes due a tick after its idle time at most")
    func idleTimes() {
        var generator = SeededGenerator(seed: 31)
        let arena = EntryArena()
        var wheel = TimerWheel()
        var nowNanos: UInt64 = 5 * Self.tickNanos
        var waiting: [(block: EntryBlock, usedAtNanos: UInt64, idleNanosMax: UInt64)] = []
        for _ in 0..<3000 {
            switch generator.below(8) {
            case 0, 1:
                let idle = 1 + generator.next() >> UInt64(24 + generator.below(16))
                let block = EntryBlock.make(
                    in: arena, key: [1].span, value: Span(), flags: 0,
                    idleNanosMax: idle)
                block.noteUse(nowNanos: nowNanos)
                wheel.schedule(block)
                waiting.append((block, nowNanos, idle))
            case 2, 3, 4:
                guard !waiting.isEmpty else { break }
                let index = generator.below(waiting.count)
                waiting[index].usedAtNanos = nowNanos
                waiting[index].block.noteUse(nowNanos: nowNanos)
            case 5: nowNanos += generator.next() >> UInt64(28 + generator.below(30))
            default:
                var steps = generator.oneIn(2) ? generator.below(10) : .max
                while let block = wheel.nextDue(nowNanos: nowNanos, steps: &steps) {
                    guard let index = waiting.firstIndex(where: { $0.block == block }) else {
                        Issue.record("only what waits comes due")
                        return
                    }
                    let (_, usedAtNanos, idleNanosMax) = waiting.remove(at: index)
                    #expect(nowNanos - usedAtNanos >= idleNanosMax)
                    block.release()
                }
                guard steps > 0 else { break }
                let isOverdue = waiting.contains {
                    nowNanos - $0.usedAtNanos >= $0.idleNanosMax + Self.tickNanos
                }
                #expect(!isOverdue)
            }
            wheel.checkInvariants()
        }
        for waiter in waiting { waiter.block.release() }
    }

    @Test("the next turn is known: nothing is to do before it, and what is due never waits past it")
    func nextTurn() {
        var generator = SeededGenerator(seed: 7)
        let arena = EntryArena()
        var wheel = TimerWheel()
        let before = wheel.nextTurnNanos
        #expect(before == nil)
        var nowNanos: UInt64 = 0
        for _ in 0..<200 {
            wheel.schedule(
                Self.block(
                    expiresAtNanos: generator.next() >> UInt64(8 + generator.below(50)), in: arena))
        }
        var left = 200
        while let turn = wheel.nextTurnNanos {
            var steps = Int.max
            if turn > nowNanos {
                // A moment before it every look is in vain.
                let early = wheel.nextDue(nowNanos: turn - 1, steps: &steps)
                #expect(early == nil && steps == .max)
                nowNanos = turn
            }
            while let block = wheel.nextDue(nowNanos: nowNanos, steps: &steps) {
                #expect(nowNanos - block.expiresAtNanos <= Self.tickNanos)
                block.release()
                left -= 1
            }
        }
        #expect(left == 0)
    }

    @Test("what never expires is not filed")
    func neverExpires() {
        let arena = EntryArena()
        var wheel = TimerWheel()
        let block = Self.block(expiresAtNanos: EntryBlock.neverExpires, in: arena)
        wheel.schedule(block)
        let count = wheel.count
        #expect(count == 0)
        wheel.cancel(block)
        block.release()
    }

    @Test("the last moment there is can be waited for")
    func lastMoment() {
        let arena = EntryArena()
        var wheel = TimerWheel()
        let block = Self.block(expiresAtNanos: .max - 1, in: arena)
        wheel.schedule(block)
        var steps = Int.max
        #expect(wheel.nextDue(nowNanos: .max - 1 - 2 * Self.tickNanos, steps: &steps) == nil)
        wheel.checkInvariants()
        wheel.cancel(block)
        block.release()
    }

    @Test("a clock that is behind another finds nothing and breaks nothing")
    func clockBehind() {
        let arena = EntryArena()
        var wheel = TimerWheel()
        var steps = Int.max
        let keeper = Self.block(expiresAtNanos: 1 << 50, in: arena)
        wheel.schedule(keeper)
        #expect(wheel.nextDue(nowNanos: 1 << 40, steps: &steps) == nil)
        let late = Self.block(expiresAtNanos: 1 << 30, in: arena)
        wheel.schedule(late)
        #expect(wheel.nextDue(nowNanos: 1 << 29, steps: &steps) == nil)
        #expect(wheel.nextDue(nowNanos: 1 << 40, steps: &steps) == late)
        wheel.checkInvariants()
        wheel.cancel(keeper)
        keeper.release()
        late.release()
    }
}
