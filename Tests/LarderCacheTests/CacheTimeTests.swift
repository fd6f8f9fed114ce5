import LarderCache
import Testing

@Suite("Times of a cache's items")
struct CacheTimeTests {
    private static let roomy: UInt64 = 1 << 20

    @Test("what has expired is never served, counted or compared with")
    func expiry() {
        let cache = Cache.small(budgetBytes: Self.roomy)
        let short = WriteOptions(timeToLive: .nanos(10))
        #expect(cache.set([1], [1], short, nowNanos: 5).told().isStored)
        #expect(cache.holds([1], nowNanos: 14))
        #expect(!cache.holds([1], nowNanos: 15))
        #expect(cache.set([2], [1], short, nowNanos: 5).told().isStored)
        #expect(cache.delete([2], nowNanos: 15) == .miss)
        #expect(cache.set([3], [1], short, nowNanos: 5).told().isStored)
        let present = WriteOptions(condition: .ifPresent)
        #expect(cache.set([3], [2], present, nowNanos: 15).told() == .conditionFailed(0, nil))
        let statistics = cache.statistics()
        #expect(statistics.expired == 3 && statistics.entries == 0 && statistics.deleted == 0)
        cache.checkInvariants()
    }

    @Test("a time to live is kept, changed by a touch, and never wraps around")
    func timeToLive() throws {
        let cache = Cache.small(budgetBytes: Self.roomy)
        _ = cache.set([1], [1], WriteOptions(timeToLive: .nanos(10)))
        _ = cache.set([1], [2], WriteOptions(timeToLive: .keep))
        #expect(cache.value([1], ReadOptions(touch: .nanos(100)), nowNanos: 9) == [2])
        #expect(cache.value([1], ReadOptions(touch: .never), nowNanos: 108) == [2])
        #expect(cache.value([1], nowNanos: .max) == [2])
        let touch = ReadOptions(touch: .nanos(.max))
        #expect(cache.value([1], touch, nowNanos: 1 << 60) == [2])
        #expect(cache.value([1], nowNanos: .max) == [2])
        cache.checkInvariants()
    }

    @Test("an item expires when nobody uses it for its idle time, and sooner by its time to live")
    func idleTime() {
        let cache = Cache.small(budgetBytes: Self.roomy)
        _ = cache.set([1], [1], WriteOptions(idleNanosMax: 10), nowNanos: 5)
        for time in stride(from: 14, to: 100, by: 9) {
            #expect(cache.value([1], nowNanos: UInt64(time)) == [1])
        }
        let key: [UInt8] = [1]
        guard let entry = cache.get(key.span, ReadOptions(peek: true), nowNanos: 96) else {
            Issue.record("it is there")
            return
        }
        let (idle, expiry) = (entry.idleNanosMax, entry.expiresAtNanos)
        #expect(idle == 10 && expiry == nil)
        #expect(cache.value([1], ReadOptions(peek: true), nowNanos: 104) == [1])
        #expect(cache.value([1], nowNanos: 105) == nil)

        let both = WriteOptions(timeToLive: .nanos(20), idleNanosMax: 10)
        _ = cache.set([2], [2], both, nowNanos: 0)
        #expect(cache.value([2], nowNanos: 9) == [2])
        #expect(cache.set([2], [3], WriteOptions(mode: .append), nowNanos: 18).told().isStored)
        #expect(cache.value([2], nowNanos: 19) == [2, 3])
        #expect(cache.value([2], ReadOptions(touch: .nanos(1000)), nowNanos: 19) == [2, 3])
        #expect(cache.value([2], nowNanos: 28) == [2, 3])
        #expect(cache.value([2], nowNanos: 38) == nil)
        #expect(cache.statistics().expired == 2)
        cache.checkInvariants()
    }

    @Test("what expires all at once goes in small steps, and none of it is served meanwhile")
    func noStorm() {
        let count = TestScale.entries
        let cache = Cache.small(budgetBytes: UInt64(count) * 150)
        let options = WriteOptions(idleNanosMax: 1_000_000_000)
        for number in 0..<count { _ = cache.set(keyBytes(number), [1], options, nowNanos: 0) }
        let before = cache.statistics().entries
        #expect(before == UInt64(count))
        var expired: UInt64 = 0
        for round in 0..<100 {
            #expect(!cache.holds(keyBytes(round), nowNanos: 5_000_000_000))
            _ = cache.set(keyBytes(count + round), [1], nowNanos: 5_000_000_000)
            // A look takes out what it found, a write a few.
            let expiredNow = cache.statistics().expired
            #expect(expiredNow <= expired + 1 + 4)
            expired = expiredNow
        }
        #expect(expired > 100)
        var calls = 0
        while cache.statistics().entries > 100 {
            #expect(cache.expire(nowNanos: 5_000_000_000, limit: 1000) <= 1000)
            calls += 1
            guard calls <= 2 * count / 1000 else { break }
        }
        // Each call does its share: none is left for ever.
        #expect(cache.statistics().entries == 100)
        #expect(cache.statistics().expired == before)
        cache.checkInvariants()
    }

    @Test("an item older than the reader takes is a miss, and stays")
    func ageLimit() {
        let cache = Cache.small(budgetBytes: Self.roomy)
        _ = cache.set([1], [1], nowNanos: 100_000)
        let young = ReadOptions(ageNanosMax: 10_000)
        #expect(cache.value([1], young, nowNanos: 110_000) == [1])
        // Moments are kept to 256 ns.
        #expect(cache.value([1], young, nowNanos: 110_256) == nil)
        #expect(cache.value([1], young, nowNanos: 0) == [1])
        #expect(cache.holds([1], nowNanos: 110_256))
        let statistics = cache.statistics()
        #expect(statistics.hits == 2 && statistics.misses == 1)
    }

    @Test("the memory of what expired comes back without anyone asking for it")
    func expireSweep() {
        let cache = Cache.small(budgetBytes: Self.roomy)
        for number in 0..<1000 {
            let nanos = UInt64(1 + number) * 1_000_000_000
            _ = cache.set(keyBytes(number), [1], WriteOptions(timeToLive: .nanos(nanos)))
        }
        #expect(cache.expire(nowNanos: 0, limit: 10_000) == 0)
        #expect(cache.expire(nowNanos: 501_000_000_000, limit: 200) <= 200)
        while cache.expire(nowNanos: 501_000_000_000, limit: 200) > 0 {}
        cache.checkInvariants()
        #expect((499...501).contains(1000 - cache.statistics().entries))
        while cache.expire(nowNanos: 2_000_000_000_000, limit: 200) > 0 {}
        #expect(cache.statistics().entries == 0)
        cache.checkInvariants()
    }

    @Test("a time to live that an overwrite moves, in either direction, holds")
    func overwrittenTimeToLive() {
        let cache = Cache.small(budgetBytes: Self.roomy)
        let second: UInt64 = 1_000_000_000
        func set(_ key: UInt8, seconds: UInt64?) {
            let timeToLive = seconds.map { TimeToLive.nanos($0 * second) } ?? .never
            _ = cache.set([key], [key], WriteOptions(timeToLive: timeToLive))
            cache.checkInvariants()
        }
        for key: UInt8 in 1...3 { set(key, seconds: 10) }
        set(1, seconds: 20)
        set(2, seconds: 5)
        set(3, seconds: nil)
        while cache.expire(nowNanos: 6 * second, limit: 100) > 0 {}
        #expect(cache.statistics().entries == 2)
        // The timers of the first and the third come up here, for nothing.
        while cache.expire(nowNanos: 15 * second, limit: 100) > 0 {}
        cache.checkInvariants()
        #expect(cache.statistics().entries == 2)
        #expect(cache.holds([1], nowNanos: 15 * second))
        while cache.expire(nowNanos: 21 * second, limit: 100) > 0 {}
        #expect(cache.statistics().entries == 1)
        #expect(cache.holds([3], nowNanos: .max))
        cache.checkInvariants()
    }
}
