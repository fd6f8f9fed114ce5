import LarderCache
import LarderPages
import Testing

@Suite("Values that stay in the pages that they came in")
struct TakenPagesTests {
    private static let page = SystemPages.pageBytes

    private static let bytes = (0..<(2 << 20)).map {
        UInt8(truncatingIfNeeded: $0 &* 13 &+ ($0 >> 8) &* 7 &+ ($0 >> 16))
    }

    private static func pattern(_ count: Int, _ seed: Int) -> [UInt8] {
        Array(bytes[seed * 97..<seed * 97 + count])
    }

    @Test("a value is right wherever it begins, and costs the pages that it lies in")
    func offsets() throws {
        let cache = Cache.small(budgetBytes: 64 << 20)
        let starts = [18, 19, 100, 4_091, 4_095, 4_096, 4_097, 8_200]
        for (number, start) in starts.enumerated() {
            for count in [270_000, 66 * Self.page, 67 * Self.page - 1, 600_001] {
                for tail in [0, 1, 10, 5_000] {
                    let value = Self.pattern(count, number)
                    let before = cache.statistics().usedBytes
                    let message = Message(
                        key: keyBytes(number), value: value, start: start, tail: tail)
                    #expect(try message.set(in: cache).isStored)
                    let held = try #require(cache.hold(keyBytes(number)))
                    #expect(held.value == value && held.key == keyBytes(number))
                    let used = cache.statistics().usedBytes - before
                    let pages = SystemPages.roundedUp(start % Self.page + count)
                    #expect(used > pages && used < pages + 128)
                    cache.checkInvariants()
                    #expect(cache.delete(keyBytes(number).span, nowNanos: 0) == .deleted)
                    #expect(held.value == value)
                    #expect(cache.statistics().usedBytes == before)
                }
            }
        }
    }

    @Test("pages go from value to message to value")
    func turns() throws {
        let cache = Cache.small(budgetBytes: 256 << 20)
        for number in 0..<20 {
            let value = Self.pattern(1 << 20, number)
            #expect(try Message(key: [7], value: value).set(in: cache).isStored)
            #expect(cache.value([7]) == value)
            // The pages of the one before are free, the value's own are not.
            #expect((cache.pages.keptBytes > 1 << 20) == (number > 0))
            #expect(cache.pages.keptBytes < 2 << 20)
        }
        cache.flush()
        #expect(cache.pages.keptBytes > 2 << 20)
        cache.checkInvariants()
    }

    @Test("a reader keeps what it holds while it is replaced and evicted")
    func held() throws {
        let cache = Cache.small(budgetBytes: 4 << 20)
        let first = Self.pattern(700_000, 1)
        #expect(try Message(key: [1], value: first).set(in: cache).isStored)
        let holder = try #require(cache.hold([1]))
        let second = Self.pattern(700_000, 2)
        #expect(try Message(key: [1], value: second).set(in: cache).isStored)
        let next = try #require(cache.hold([1]))
        for number in 10..<40 {
            _ = try Message(key: keyBytes(number), value: Self.pattern(700_000, number))
                .set(in: cache, WriteOptions(admission: .force))
        }
        cache.setBudget(1 << 20)
        cache.flush()
        cache.checkInvariants()
        #expect(holder.value == first && next.value == second)
    }

    @Test("a condition that fails, and a value that is refused, give the pages back")
    func refused() throws {
        let cache = Cache.small(budgetBytes: 64 << 20)
        let value = Self.pattern(500_000, 1)
        #expect(try Message(key: [1], value: value).set(in: cache).isStored)
        #expect(cache.pages.keptBytes == 0)
        let absent = try Message(key: [1], value: value)
            .set(in: cache, WriteOptions(condition: .ifAbsent))
        #expect(!absent.isStored)
        #expect(cache.pages.keptBytes >= value.count)
        let used = cache.statistics().usedBytes
        cache.setBudget(500_000)
        #expect(cache.statistics().usedBytes < used)
        let tooLarge = try Message(key: [2], value: value).set(in: cache)
        guard case .rejected(.valueTooLarge(let limit)) = tooLarge else {
            Issue.record("a value larger than the budget is refused")
            return
        }
        #expect(limit < 500_000)
        #expect(cache.value([2]) == nil)
        cache.checkInvariants()
    }

    @Test("a value that fits the budget only without its neighbours is copied")
    func tight() throws {
        let budget: UInt64 = 80 * 4_096
        let cache = Cache.small(budgetBytes: budget)
        let whole = try Message(key: [1], value: Self.pattern(Int(budget), 1)).set(in: cache)
        guard case .rejected(.valueTooLarge(let limit)) = whole else {
            Issue.record("a value as large as the budget is refused")
            return
        }
        let count = Int(limit)
        #expect(try Message(key: [1], value: Self.pattern(count, 1)).set(in: cache).isStored)
        let copied = Cache.small(budgetBytes: budget)
        #expect(!copied.set([1], Self.pattern(count + 1, 1)).told().isStored)
        #expect(copied.set([1], Self.pattern(count, 1)).told().isStored)
        #expect(cache.value([1]) == Self.pattern(count, 1))
        #expect(cache.statistics().usedBytes == copied.statistics().usedBytes)
    }

    @Test("what lies among much else, or is small, is copied and the pages go back")
    func copies() throws {
        let cache = Cache.small(budgetBytes: 64 << 20)
        let large = Self.pattern(300_000, 1)
        #expect(try Message(key: [1], value: large, tail: 40_000).set(in: cache).isStored)
        let small = Self.pattern(200_000, 2)
        #expect(try Message(key: [2], value: small).set(in: cache).isStored)
        #expect(try Message(key: [3], value: []).set(in: cache).isStored)
        #expect(cache.value([1]) == large && cache.value([2]) == small && cache.value([3]) == [])
        #expect(cache.pages.keptBytes > 0)
        let copy = Cache.small(budgetBytes: 64 << 20)
        for (key, value) in [(1, large), (2, small), (3, [])] as [(UInt8, [UInt8])] {
            #expect(copy.set([key], value).told().isStored)
        }
        #expect(cache.statistics().usedBytes == copy.statistics().usedBytes)
    }

    @Test("additions, touches, flags and a version of one's own find the value where it is")
    func changes() throws {
        let cache = Cache.small(budgetBytes: 64 << 20)
        let value = Self.pattern(400_000, 3)
        let message = Message(key: [1], value: value, start: 4_000)
        #expect(try message.set(in: cache, WriteOptions(flags: 9)).isStored)
        #expect(cache.value([1], ReadOptions(touch: .nanos(100)), nowNanos: 5) == value)
        let touched = try #require(cache.hold([1], nowNanos: 6))
        #expect(touched.flags == 9 && touched.expiresAtNanos == 105)
        #expect(cache.set([1], [1, 2], WriteOptions(mode: .append)).told().isStored)
        #expect(cache.set([1], [3], WriteOptions(mode: .prepend)).told().isStored)
        #expect(cache.value([1]) == [3] + value + [1, 2])
        // An addition is copied to what is there.
        let addition = Self.pattern(300_000, 4)
        let appended = try Message(key: [1], value: addition)
            .set(in: cache, WriteOptions(mode: .append))
        #expect(appended.isStored)
        #expect(cache.value([1]) == [3] + value + [1, 2] + addition)
        let versioned = try message.set(in: cache, WriteOptions(version: 1 << 60))
        #expect(versioned == .stored(1 << 60))
        // What follows a version ahead of the clock is made anew with room for its own.
        #expect(try message.set(in: cache).isStored)
        #expect(try #require(cache.hold([1])).version > 1 << 60)
        #expect(cache.value([1]) == value)
        cache.checkInvariants()
    }

    @Test(
        "whatever is written, moved and evicted, values are right and sums agree", arguments: 0..<4)
    func anything(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let cache = Cache.small(budgetBytes: 12 << 20, shardCount: 4)
        cache.setHoleBytesMax(1 << 18)
        var kept: [Int: (count: Int, seed: Int)] = [:]
        var holders: [(holder: EntryHolder, count: Int, seed: Int)] = []
        for step in 0..<400 {
            let number = generator.below(24)
            let count =
                generator.oneIn(3)
                ? generator.below(20_000) : 200_000 + generator.below(900_000)
            let value = Self.pattern(count, step)
            let stored: Bool
            if generator.oneIn(4) {
                stored = cache.set(keyBytes(number), value).told().isStored
            } else {
                let message = Message(
                    key: keyBytes(number), value: value, start: 18 + generator.below(9_000),
                    tail: generator.below(30))
                stored = try message.set(in: cache).isStored
            }
            kept[number] = stored ? (count, step) : nil
            let other = generator.below(24)
            if let held = cache.hold(keyBytes(other)) {
                let known = try #require(kept[other])
                #expect(held.value == Self.pattern(known.count, known.seed))
                holders.append((held, known.count, known.seed))
                if holders.count > 4 { holders.removeFirst() }
            }
            if generator.oneIn(40) { cache.setBudget(UInt64(4 + generator.below(12)) << 20) }
            cache.checkInvariants()
        }
        for (holder, count, seed) in holders {
            #expect(holder.value == Self.pattern(count, seed))
        }
    }

    @Test("threads hand pages to each other through the cache")
    func threads() {
        let cache = Cache.small(budgetBytes: 8 << 20)
        let number = 40
        onThreads(3) { thread in
            var generator = SeededGenerator(seed: UInt64(thread))
            for _ in 0..<number {
                let seed = generator.below(6)
                let count = 270_000 + seed * 50_000
                let key = keyBytes(seed)
                let message = Message(key: key, value: Self.pattern(count, seed))
                _ = try? message.set(in: cache)
                guard let held = cache.hold(keyBytes(generator.below(6))) else { continue }
                let value = held.value
                #expect(value == Self.pattern(value.count, (value.count - 270_000) / 50_000))
            }
        }
        cache.checkInvariants()
    }
}

/// A key and a value as they come, in pages of their own.
private struct Message {
    let key: [UInt8]
    let value: [UInt8]
    var start = 100
    var tail = 3

    private struct NoPages: Error {}

    func set(in cache: Cache, _ options: WriteOptions = WriteOptions()) throws -> ToldOutcome {
        let count = start + value.count + tail
        guard var run = cache.pages.run(bytes: count) else { throw NoPages() }
        var head = [UInt8](repeating: 0xee, count: start)
        let begin = min(2, start - key.count)
        for index in key.indices { head[begin + index] = key[index] }
        run.append(head.span)
        run.append(value.span)
        run.append([UInt8](repeating: 0xdd, count: tail).span)
        return cache.set(
            run, key: begin..<begin + key.count, value: start..<start + value.count, options,
            nowNanos: 0
        ).told()
    }
}
