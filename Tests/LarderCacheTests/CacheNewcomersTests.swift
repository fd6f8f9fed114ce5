import LarderCache
import Testing

@Suite("Newcomers that the policy has not looked at yet")
struct CacheNewcomersTests {
    private static let budgetBytes: UInt64 = 64 << 20
    private static let value = [UInt8](repeating: 7, count: 100)

    /// A cache with so many newcomers that few enough wait to be there still.
    private static func cacheWithNewcomers(
        _ count: Int = 5, _ options: WriteOptions = WriteOptions()
    ) -> Cache {
        let cache = Cache.small(budgetBytes: budgetBytes)
        for number in 0..<count {
            #expect(cache.set(keyBytes(number), value, options).told().isStored)
        }
        return cache
    }

    @Test("they are found and counted at once")
    func counted() {
        for count in 0..<200 {
            let cache = Self.cacheWithNewcomers(count)
            cache.checkInvariants()
            for number in 0..<count { #expect(cache.value(keyBytes(number)) == Self.value) }
            let statistics = cache.statistics()
            #expect(statistics.entries == UInt64(count) && statistics.sets == UInt64(count))
            #expect(statistics.valueBytes == UInt64(count * Self.value.count))
            cache.checkInvariants()
        }
    }

    @Test("they are seen by a scan")
    func scanned() {
        let cache = Self.cacheWithNewcomers()
        var batch = ScanBatch()
        var next: ScanCursor? = .start
        var seen = 0
        while let cursor = next {
            next = cache.scan(
                from: cursor, into: &batch, entriesMax: 100, bytesMax: 1 << 20, nowNanos: 0)
            seen += batch.count
            batch.clear()
        }
        #expect(seen == 5)
    }

    @Test("they can be deleted, and stored again")
    func deleted() {
        let cache = Self.cacheWithNewcomers()
        #expect(cache.delete(keyBytes(3), nowNanos: 0) == .deleted)
        #expect(cache.delete(keyBytes(3), nowNanos: 0) == .miss)
        #expect(cache.value(keyBytes(3)) == nil)
        #expect(cache.set(keyBytes(3), [1, 2]).told().isStored)
        #expect(cache.value(keyBytes(3)) == [1, 2])
        cache.checkInvariants()
        #expect(cache.statistics().entries == 5)
    }

    @Test("they can be replaced, by a value of another length or the same, and added to")
    func replaced() {
        let cache = Self.cacheWithNewcomers()
        let other = Self.value.map { $0 + 1 }
        #expect(cache.set(keyBytes(0), other).told().isStored)
        #expect(cache.set(keyBytes(1), [1, 2, 3]).told().isStored)
        #expect(cache.set(keyBytes(2), [9], WriteOptions(mode: .append)).told().isStored)
        #expect(cache.value(keyBytes(0)) == other)
        #expect(cache.value(keyBytes(1)) == [1, 2, 3])
        #expect(cache.value(keyBytes(2)) == Self.value + [9])
        cache.checkInvariants()
        #expect(cache.statistics().entries == 5)
    }

    @Test("conditions are told of them")
    func conditions() {
        let cache = Self.cacheWithNewcomers()
        let key = keyBytes(1)
        guard let version = cache.hold(key)?.version else {
            Issue.record("a newcomer is there")
            return
        }
        #expect(!cache.set(key, [1], WriteOptions(condition: .ifAbsent)).told().isStored)
        let another = WriteOptions(condition: .ifVersion(version + 1))
        #expect(!cache.set(key, [1], another).told().isStored)
        let same = WriteOptions(condition: .ifVersion(version))
        #expect(cache.set(key, [1], same).told().isStored)
        #expect(cache.set(keyBytes(9), [1], WriteOptions(condition: .ifAbsent)).told().isStored)
        #expect(!cache.set(keyBytes(9), [2], WriteOptions(condition: .ifAbsent)).told().isStored)
        #expect(cache.set(keyBytes(2), [1], WriteOptions(condition: .ifPresent)).told().isStored)
        cache.checkInvariants()
    }

    @Test("a flush takes them, too")
    func flushed() {
        let cache = Self.cacheWithNewcomers()
        cache.flush()
        cache.checkInvariants()
        for number in 0..<5 { #expect(cache.value(keyBytes(number)) == nil) }
        let statistics = cache.statistics()
        #expect(statistics.entries == 0 && statistics.flushed == 5)
    }

    @Test("their times to live are kept, told and changed")
    func timed() {
        let cache = Self.cacheWithNewcomers(5, WriteOptions(timeToLive: .nanos(1 << 30)))
        let due = cache.nextDueNanos()
        #expect(due.map { $0 > 0 && $0 <= 1 << 31 } == true)
        #expect(
            cache.set(keyBytes(7), Self.value, WriteOptions(timeToLive: .nanos(100))).told()
                .isStored)
        #expect(cache.value(keyBytes(7), nowNanos: 99) == Self.value)
        #expect(cache.value(keyBytes(7), nowNanos: 100) == nil)
        #expect(cache.set(keyBytes(8), Self.value).told().isStored)
        var touch = ReadOptions()
        touch.touch = .nanos(50)
        #expect(cache.value(keyBytes(8), touch) == Self.value)
        #expect(cache.hold(keyBytes(8))?.expiresAtNanos == 50)
        cache.checkInvariants()
        #expect(cache.expire(nowNanos: 1 << 32, limit: 100) == 6)
        cache.checkInvariants()
        #expect(cache.statistics().entries == 0)
    }

    @Test("limits that change while they wait hold afterwards")
    func limits() {
        var generator = SeededGenerator(seed: 9)
        let cache = Self.cacheWithNewcomers()
        for step in 0..<400 {
            for number in 0..<generator.below(100) {
                _ = cache.set(keyBytes(step * 100 + number), Self.value)
            }
            switch generator.below(3) {
            case 0:
                cache.setBudget(UInt64(1 + generator.below(1000)) << UInt64(generator.below(12)))
            case 1: cache.setEntriesMax(UInt64(1 + generator.below(20_000)))
            default: cache.setEntriesMax(nil)
            }
            cache.checkInvariants()
            let statistics = cache.statistics()
            #expect(statistics.usedBytes <= statistics.budgetBytes)
            #expect(statistics.entries <= statistics.entriesMax ?? .max)
        }
    }

    @Test("a cache of which someone still holds items may go while some wait")
    func letGo() {
        var held: [EntryHolder] = []
        do {
            let cache = Self.cacheWithNewcomers(20)
            for number in 0..<5 {
                if let holder = cache.hold(keyBytes(number)) { held.append(holder) }
            }
        }
        #expect(held.count == 5)
        for holder in held { #expect(holder.value == Self.value) }
    }

    @Test("cells that went are used again, whatever sizes come, while segments are drained")
    func cells() {
        let cache = Cache.small(budgetBytes: 2 << 20)
        cache.setHoleBytesMax(0)
        var generator = SeededGenerator(seed: 4)
        for number in 0..<20_000 {
            let count = generator.oneIn(3) ? 100 : generator.below(300)
            let value = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: count)
            #expect(cache.set(keyBytes(number), value).told().isStored)
            #expect(cache.value(keyBytes(number)) == value)
            if number % 500 == 0 { cache.checkInvariants() }
        }
        cache.checkInvariants()
        #expect(cache.statistics().evicted > 1000)
    }
}
