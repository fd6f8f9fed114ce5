import LarderCache
import Testing

@Suite("Cache")
struct CacheTests {
    private static let roomy: UInt64 = 1 << 20

    // MARK: what is stored

    @Test("what was set is got, with all that belongs to it")
    func setThenGet() throws {
        let cache = Cache.small(budgetBytes: Self.roomy)
        let options = WriteOptions(timeToLive: .nanos(50), flags: 7)
        let outcome = cache.set([1, 2], [3, 4, 5], options, nowNanos: 100).told()
        #expect(outcome == .stored(1))
        let entry = try #require(cache.hold([1, 2], nowNanos: 120))
        #expect(entry.key == [1, 2] && entry.value == [3, 4, 5])
        #expect(entry.version == 1 && entry.flags == 7)
        #expect(entry.expiresAtNanos == 150 && entry.writtenAtNanos <= 100)
        #expect(!cache.holds([1]) && !cache.holds([]))
        cache.checkInvariants()
    }

    @Test("an empty value is a value")
    func emptyValue() {
        let cache = Cache.small(budgetBytes: Self.roomy)
        #expect(cache.set([1], []).told().isStored)
        #expect(cache.value([1]) == [])
    }

    @Test("keys and values out of bounds are refused before anything is touched")
    func rejections() {
        let cache = Cache(
            Cache.Configuration(
                budgetBytes: Self.roomy, seed: .fixed(), keyBytesMax: 4, valueBytesMax: 10))
        #expect(cache.set([], [1]).told() == .rejected(.keyEmpty))
        #expect(cache.set([1, 2, 3, 4, 5], [1]).told() == .rejected(.keyTooLong(limit: 4)))
        #expect(cache.set([1, 2, 3, 4], [9]).told().isStored)
        let eleven = [UInt8](repeating: 0, count: 11)
        #expect(cache.set([1, 2, 3, 4], eleven).told() == .rejected(.valueTooLarge(limit: 10)))
        #expect(cache.value([1, 2, 3, 4]) == [9])
        let append = WriteOptions(mode: .append)
        let ten = [UInt8](repeating: 0, count: 10)
        #expect(
            cache.set([1, 2, 3, 4], ten, append).told() == .rejected(.appendTooLarge(limit: 10)))
        #expect(cache.value([1, 2, 3, 4]) == [9])
    }

    @Test("what can never fit the budget is refused with the limit, which itself fits")
    func neverFits() throws {
        let cache = Cache.small(budgetBytes: 100_000)
        let huge = [UInt8](repeating: 1, count: 100_000)
        guard case .rejected(.valueTooLarge(let limit)) = cache.set([1], huge).told() else {
            Issue.record("an item larger than the budget was taken")
            return
        }
        #expect(limit > 95_000)
        #expect(cache.set([1], [UInt8](repeating: 1, count: Int(limit))).told().isStored)
        let over = cache.set([1], [UInt8](repeating: 1, count: Int(limit) + 1)).told()
        #expect(over == .rejected(.valueTooLarge(limit: limit)))
        cache.checkInvariants()
    }

    @Test("an item of an eighth of the budget is storable, in whatever number of shards")
    func eighthOfTheBudget() {
        let cache = Cache.small(budgetBytes: 800_000, shardCount: 64)
        for number in 0..<7 {
            let value = [UInt8](repeating: UInt8(number), count: 100_000)
            #expect(cache.set(keyBytes(number), value).told().isStored)
        }
        for number in 0..<7 { #expect(cache.holds(keyBytes(number))) }
    }

    // MARK: versions and conditions

    @Test("versions of a shard count on, over the present one, and a caller's is kept as it is")
    func versions() {
        let cache = Cache(
            Cache.Configuration(
                budgetBytes: Self.roomy, seed: .fixed(), shardCount: 1, firstVersion: 100))
        #expect(cache.set([1], [1]).told() == .stored(100))
        #expect(cache.set([1], [1]).told() == .stored(101))
        #expect(cache.set([2], [1], WriteOptions(version: 500)).told() == .stored(500))
        #expect(cache.set([2], [1]).told() == .stored(501))
        #expect(cache.set([3], [1]).told() == .stored(502))
        #expect(cache.set([3], [1], WriteOptions(version: 0)).told() == .stored(503))
        #expect(cache.set([3], [1], WriteOptions(version: 3)).told() == .stored(3))
    }

    @Test("an absurd version does not spoil those of other items")
    func absurdVersion() throws {
        let cache = Cache.small(budgetBytes: Self.roomy)
        let absurd = UInt64.max - 1
        #expect(cache.set([1], [1], WriteOptions(version: absurd)).told() == .stored(absurd))
        #expect(cache.set([1], [2]).told() == .stored(.max))
        #expect(try #require(cache.set([2], [1]).told().version) < 10)
    }

    @Test(
        "a write over the greatest version has one by the clock, so that the change is seen",
        arguments: [WriteMode.replace, .append, .prepend])
    func greatestVersion(mode: WriteMode) throws {
        let cache = Cache.small(budgetBytes: Self.roomy)
        #expect(cache.set([1], [1], WriteOptions(version: .max)).told() == .stored(.max))
        let first = try #require(cache.set([1], [2], WriteOptions(mode: mode)).told().version)
        #expect(first < 10)
        let late = WriteOptions(condition: .ifVersion(.max))
        #expect(cache.set([1], [3], late).told() == .conditionFailed(first, nil))
        let second = try #require(cache.set([1], [4], WriteOptions(mode: mode)).told().version)
        #expect(second > first)
        cache.checkInvariants()
    }

    @Test("versions go by the clock, and every entry tells its own, whoever numbered it")
    func versionsByClock() throws {
        let cache = Cache(
            Cache.Configuration(
                budgetBytes: Self.roomy, seed: .fixed(), shardCount: 1, firstVersion: 1000))
        let second: UInt64 = 1_000_000_000
        let perSecond = second / 256
        func told(_ version: UInt64, _ nowNanos: UInt64) throws {
            let entry = try #require(cache.hold([1], nowNanos: nowNanos))
            #expect(entry.version == version && entry.writtenAtNanos == nowNanos / 256 * 256)
        }
        #expect(cache.set([1], [1], nowNanos: second).told() == .stored(1000 + perSecond))
        try told(1000 + perSecond, second)
        // One of the writer's own, far ahead of the clock, and what is numbered after it.
        let own = WriteOptions(version: 1 << 50)
        #expect(cache.set([1], [2], own, nowNanos: 2 * second).told() == .stored(1 << 50))
        try told(1 << 50, 2 * second)
        var latest: UInt64 = 1 << 50
        for (moment, mode) in [(3, WriteMode.replace), (4, .append), (5, .replace)] {
            let nowNanos = UInt64(moment) * second
            let outcome = cache.set([1], [3], WriteOptions(mode: mode), nowNanos: nowNanos)
            guard case .stored(let version) = outcome.told() else {
                Issue.record("a write without a condition is stored")
                return
            }
            #expect(version > latest && version < 1 << 50 + 10)
            latest = version
            try told(latest, nowNanos)
        }
        // After years in which the stamp outgrew its bits.
        let late = UInt64.max / 2
        latest = 1000 + late / 256
        #expect(cache.set([1], [5, 6], nowNanos: late).told() == .stored(latest))
        try told(latest, late)
        #expect(cache.value([1], ReadOptions(touch: .nanos(5)), nowNanos: late) == [5, 6])
        try told(latest, late)
        cache.checkInvariants()
    }

    @Test("keys and values of any length are told as they are")
    func lengths() throws {
        let cache = Cache(
            Cache.Configuration(
                budgetBytes: 256 << 20, seed: .fixed(), keyBytesMax: 65_535, shardCount: 2))
        for keyBytes in [1, 254, 255, 256, 257, 65_535] {
            let key = [UInt8](repeating: 9, count: keyBytes)
            for valueBytes in [0, 255, 65_535, 65_536, 1 << 24 - 1, 1 << 24, 1 << 24 + 3] {
                var written = [UInt8](repeating: 7, count: valueBytes)
                if valueBytes > 0 { written[valueBytes - 1] = 8 }
                #expect(cache.set(key, written, WriteOptions(flags: 1)).told().isStored)
                let holder = try #require(cache.hold(key))
                #expect(holder.key == key && holder.flags == 1)
                let (count, last) = holder.ends
                #expect(count == valueBytes && last == written.last)
            }
        }
        cache.checkInvariants()
    }

    @Test("a condition that fails tells what is there, and changes nothing")
    func conditions() {
        let cache = Cache.small(budgetBytes: Self.roomy)
        let present = WriteOptions(condition: .ifPresent)
        #expect(cache.set([1], [9], present).told() == .conditionFailed(0, nil))
        #expect(cache.set([1], [1], WriteOptions(condition: .ifAbsent)).told() == .stored(1))
        let absent = WriteOptions(condition: .ifAbsent, returnCurrent: true)
        #expect(cache.set([1], [2], absent).told() == .conditionFailed(1, [1]))
        #expect(cache.set([1], [3], present).told() == .stored(2))
        let first = WriteOptions(condition: .ifVersion(1))
        #expect(cache.set([1], [4], first).told() == .conditionFailed(2, nil))
        let second = WriteOptions(condition: .ifVersion(2))
        #expect(cache.set([1], [5], second).told() == .stored(3))
        let older = WriteOptions(version: 3, condition: .ifNewer)
        #expect(cache.set([1], [6], older).told() == .conditionFailed(3, nil))
        let newer = WriteOptions(version: 4, condition: .ifNewer)
        #expect(cache.set([1], [7], newer).told() == .stored(4))
        #expect(cache.value([1]) == [7])
        #expect(cache.delete([1], ifVersion: 3) == .conditionFailed(version: 4))
        #expect(cache.delete([1], ifVersion: 4) == .deleted)
        #expect(cache.delete([1]) == .miss)
        cache.checkInvariants()
    }

    @Test("appending joins bytes and leaves flags and expiry as they are")
    func appending() throws {
        let cache = Cache.small(budgetBytes: Self.roomy)
        let append = WriteOptions(timeToLive: .never, flags: 9, mode: .append)
        #expect(cache.set([1], [1], append).told() == .conditionFailed(0, nil))
        let first = WriteOptions(timeToLive: .nanos(10), flags: 5)
        #expect(cache.set([1], [5, 6], first).told() == .stored(1))
        #expect(cache.set([1], [7], append).told() == .stored(2))
        let prepend = WriteOptions(condition: .ifVersion(2), mode: .prepend)
        #expect(cache.set([1], [4], prepend).told() == .stored(3))
        let entry = try #require(cache.hold([1], nowNanos: 0))
        #expect(entry.value == [4, 5, 6, 7])
        #expect(entry.flags == 5 && entry.expiresAtNanos == 10)
    }

    // MARK: looking

    @Test("a peek leaves no trace")
    func peek() {
        let cache = Cache.small(budgetBytes: Self.roomy)
        _ = cache.set([1], [1])
        #expect(cache.holds([1]) && !cache.holds([2]))
        let statistics = cache.statistics()
        #expect(statistics.hits == 0 && statistics.misses == 0)
    }

    @Test("statistics add up")
    func statistics() {
        let cache = Cache.small(budgetBytes: Self.roomy)
        _ = cache.set([1, 1], [1, 2, 3])
        _ = cache.set([2], [4])
        _ = cache.set([2], [4, 5])
        _ = cache.value([1, 1])
        _ = cache.value([3])
        _ = cache.delete([1, 1])
        let statistics = cache.statistics()
        #expect(statistics.entries == 1 && statistics.keyBytes == 1 && statistics.valueBytes == 2)
        #expect(statistics.hits == 1 && statistics.misses == 1)
        #expect(statistics.sets == 3 && statistics.deleted == 1)
        #expect(statistics.usedBytes > 3 && statistics.usedBytes <= statistics.budgetBytes)
    }

    @Test("an item held stays as it was when it is replaced, evicted or flushed")
    func heldItems() throws {
        let cache = Cache.small(budgetBytes: 20_000)
        _ = cache.set(keyBytes(1), [1, 2, 3])
        let held = try #require(cache.hold(keyBytes(1), nowNanos: 0))
        _ = cache.set(keyBytes(1), [4])
        let replaced = try #require(cache.hold(keyBytes(1), nowNanos: 0))
        for number in 0..<500 { _ = cache.set(keyBytes(number + 10), keyBytes(number)) }
        cache.flush()
        #expect(cache.statistics().entries == 0)
        #expect(held.value == [1, 2, 3] && held.key == keyBytes(1))
        #expect(replaced.value == [4])
    }

    @Test("a value as long as the present one takes its cell, unless somebody holds that")
    func overwriting() throws {
        let cache = Cache.small(budgetBytes: Self.roomy)
        let long = WriteOptions(timeToLive: .nanos(100), flags: 7)
        _ = cache.set([1], [1, 2, 3], long, nowNanos: 10)
        let holes = cache.arenaUsage.holeBytes
        let later = WriteOptions(timeToLive: .nanos(100))
        #expect(cache.set([1], [4, 5, 6], later, nowNanos: 20).told() == .stored(2))
        #expect(cache.arenaUsage.holeBytes == holes)
        let held = try #require(cache.hold([1], nowNanos: 20))
        #expect(held.value == [4, 5, 6] && held.version == 2 && held.flags == 0)
        #expect(held.writtenAtNanos < 512 && held.expiresAtNanos == 120)

        #expect(cache.set([1], [7, 8, 9], later, nowNanos: 30).told() == .stored(3))
        #expect(held.value == [4, 5, 6] && held.version == 2 && held.expiresAtNanos == 120)
        #expect(cache.value([1], nowNanos: 30) == [7, 8, 9])
        let statistics = cache.statistics()
        #expect(statistics.sets == 3 && statistics.entries == 1 && statistics.valueBytes == 3)
        cache.checkInvariants()
    }

    @Test("a condition decides about an overwrite in place as about any other")
    func overwritingOnCondition() {
        let cache = Cache.small(budgetBytes: Self.roomy)
        _ = cache.set([1], [1])
        func set(_ value: UInt8, _ options: WriteOptions) -> ToldOutcome {
            cache.set([1], [value], options).told()
        }
        #expect(set(2, WriteOptions(condition: .ifVersion(9))) == .conditionFailed(1, nil))
        #expect(set(3, WriteOptions(condition: .ifVersion(1))) == .stored(2))
        #expect(set(4, WriteOptions(condition: .ifAbsent)) == .conditionFailed(2, nil))
        let older = WriteOptions(version: 2, condition: .ifNewer, returnCurrent: true)
        #expect(set(5, older) == .conditionFailed(2, [3]))
        #expect(set(6, WriteOptions(version: 9, condition: .ifNewer)) == .stored(9))
        #expect(set(7, WriteOptions(condition: .ifPresent)) == .stored(10))
        #expect(cache.value([1]) == [7])
    }

    @Test("flush empties, whatever there was")
    func flush() {
        let cache = Cache.small(budgetBytes: Self.roomy)
        for number in 0..<3000 { _ = cache.set(keyBytes(number), [1]) }
        cache.flush()
        cache.checkInvariants()
        let statistics = cache.statistics()
        #expect(statistics.entries == 0 && statistics.usedBytes == 0)
        #expect(statistics.flushed + statistics.evicted == 3000)
        #expect(cache.set([1], [1]).told().isStored)
    }
}
