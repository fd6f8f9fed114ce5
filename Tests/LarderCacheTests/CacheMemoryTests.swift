import LarderCache
import LarderPages
import Testing

@Suite("The memory of a cache")
struct CacheMemoryTests {
    private static let segmentBytes: UInt64 = 2 << 20

    private static func value(_ number: Int, count: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: count)
    }

    private static func isWhole(_ value: [UInt8], _ number: Int, count: Int) -> Bool {
        value == Self.value(number, count: count)
    }

    @Test("sizes may change from phase to phase: memory stays by the budget", arguments: 0..<2)
    func churn(seed: Int) {
        let budget: UInt64 = 4 << 20
        let cache = Cache.small(budgetBytes: budget, shardCount: 8)
        cache.setHoleBytesMax(1 << 20)
        var generator = SeededGenerator(seed: UInt64(seed))
        var number = 0
        for phase in 0..<6 {
            var written = 0
            while written < 2 * Int(budget) {
                let count =
                    phase % 2 == 0
                    ? 300 + generator.below(900) : 20_000 + generator.below(180_000)
                number += 1
                let key = keyBytes(generator.oneIn(8) ? generator.below(number) : number)
                var options = WriteOptions(flags: UInt32(count))
                if generator.oneIn(3) { options.timeToLive = .nanos(1 << 40) }
                _ = cache.set(key, Self.value(count, count: count), options)
                written += count
                // A segment that is filled, one that is drained, one that is spare.
                let resident = cache.arenaUsage.residentBytes
                #expect(resident <= budget + (1 << 20) + 4 * Self.segmentBytes)
            }
            cache.checkInvariants()
            let entries = cache.statistics().entries
            var found = 0
            for number in 0...number {
                guard let held = cache.hold(keyBytes(number)) else { continue }
                found += 1
                let count = Int(held.flags)
                #expect(Self.isWhole(held.value, count, count: count))
            }
            #expect(UInt64(found) == entries)
        }
    }

    @Test("a smaller budget gives memory back before the call returns")
    func shrinking() {
        let cache = Cache.small(budgetBytes: 48 << 20)
        for number in 0..<40_000 {
            _ = cache.set(keyBytes(number), Self.value(number, count: 1000))
        }
        let before = cache.arenaUsage
        #expect(before.residentBytes >= 40 << 20)
        cache.setBudget(2 << 20)
        cache.checkInvariants()
        let after = cache.arenaUsage
        #expect(after.liveBytes < 2 << 20)
        #expect(after.residentBytes < 18 << 20)
        cache.setHoleBytesMax(0)
        cache.flush()
        #expect(cache.arenaUsage.liveBytes == 0)
        #expect(cache.arenaUsage.residentBytes <= Self.segmentBytes)
        cache.checkInvariants()
    }

    @Test("entries that are moved keep their bytes, their place and their time")
    func moving() throws {
        let cache = Cache.small(budgetBytes: 64 << 20)
        let second: UInt64 = 1_000_000_000
        func count(_ number: Int) -> Int { 100 + number % 900 }
        for number in 0..<20_000 {
            var options = WriteOptions(flags: UInt32(number))
            if number % 4 == 0 { options.timeToLive = .nanos(UInt64(number + 1) * second) }
            _ = cache.set(keyBytes(number), Self.value(number, count: count(number)), options)
        }
        // One of many stays, so that segments are sparse; some are held by readers meanwhile.
        func stays(_ number: Int) -> Bool { number % 10 < 2 || number % 16 == 0 }
        var held: [EntryHolder] = []
        for number in 0..<20_000 {
            if number < 300 && number % 30 == 0 {
                held.append(try #require(cache.hold(keyBytes(number))))
            }
            if !stays(number) { _ = cache.delete(keyBytes(number)) }
        }
        let before = cache.arenaUsage
        cache.setHoleBytesMax(0)
        for _ in 0..<2000 { _ = cache.set([9], [9]) }
        _ = cache.delete([9])
        let after = cache.arenaUsage
        #expect(after.liveBytes == before.liveBytes)
        #expect(after.residentBytes < before.residentBytes)
        cache.checkInvariants()
        for number in 0..<20_000 {
            let isTimed = number % 4 == 0
            guard stays(number) else { continue }
            let entry = try #require(cache.hold(keyBytes(number)))
            #expect(Self.isWhole(entry.value, number, count: count(number)))
            #expect(entry.flags == UInt32(number))
            #expect(entry.expiresAtNanos == (isTimed ? UInt64(number + 1) * second : nil))
        }
        for (index, holder) in held.enumerated() {
            let number = index * 30
            #expect(Self.isWhole(holder.value, number, count: count(number)))
        }
        // The wheel finds the moved ones.
        let nowNanos = 10_000 * second
        while cache.expire(nowNanos: nowNanos, limit: 1000) > 0 {}
        cache.checkInvariants()
        let timedLeft = (0..<20_000).filter { $0 % 4 == 0 && stays($0) && $0 >= 10_000 }.count
        let untimed = (0..<20_000).filter { $0 % 4 != 0 && stays($0) }.count
        let entries = cache.statistics().entries
        #expect(
            entries >= UInt64(timedLeft + untimed) && entries <= UInt64(timedLeft + untimed + 1))
    }

    @Test("a value larger than any cell is stored, joined, moved and given back")
    func pagedValues() throws {
        let cache = Cache.small(budgetBytes: 32 << 20)
        let bytes = Self.value(3, count: 300_000)
        #expect(cache.set([1], bytes, WriteOptions(flags: 9)).told().isStored)
        #expect(cache.set([1], [4, 5], WriteOptions(mode: .append)).told().isStored)
        #expect(cache.set([1], [6], WriteOptions(mode: .prepend)).told().isStored)
        let held = try #require(cache.hold([1]))
        #expect(held.value == [6] + bytes + [4, 5] && held.flags == 9)
        let used = cache.statistics().usedBytes
        #expect(used > 300_000 && used < 305_000)
        cache.flush()
        #expect(held.value == [6] + bytes + [4, 5])
        cache.checkInvariants()
    }

    @Test("pages of large values that went are used again, and few are kept")
    func idlePages() throws {
        let cache = Cache.small(budgetBytes: 256 << 20)
        let most = 4 << 20
        func isKeptWithinBounds() -> Bool { cache.pages.keptBytes <= most }
        var generator = SeededGenerator(seed: 5)
        for number in 0..<400 {
            let count = 270_000 + generator.below(2_000_000)
            let key = keyBytes(generator.below(10))
            #expect(cache.set(key, Self.value(number, count: count)).told().isStored)
            #expect(isKeptWithinBounds())
            let held = try #require(cache.hold(key))
            let (length, last) = held.ends
            #expect(length == count && last == UInt8(truncatingIfNeeded: number))
        }
        #expect(cache.pages.keptBytes > 0)
        cache.checkInvariants()
        cache.setBudget(64 << 20)
        #expect(cache.pages.keptBytes <= 1 << 20)
        cache.setHoleBytesMax(0)
        #expect(cache.pages.keptBytes == 0)
    }

    @Test("an item that never expired gets a time by a touch, whoever holds it")
    func timerByTouch() throws {
        let cache = Cache.small(budgetBytes: 1 << 20)
        #expect(cache.set([1], [7, 8], WriteOptions(flags: 3)).told() == .stored(1))
        let held = try #require(cache.hold([1]))
        let touched = cache.value([1], ReadOptions(touch: .nanos(100)), nowNanos: 5)
        #expect(touched == [7, 8])
        cache.checkInvariants()
        let entry = try #require(cache.hold([1], nowNanos: 104))
        #expect(entry.version == 1 && entry.flags == 3 && entry.writtenAtNanos == 0)
        #expect(entry.expiresAtNanos == 105 && held.value == [7, 8])
        #expect(cache.value([1], nowNanos: 105) == nil)
        #expect(cache.statistics().expired == 1)
        cache.checkInvariants()
    }

    @Test("a held item outlives the cache")
    func heldBeyondCache() throws {
        func held() throws -> EntryHolder {
            let cache = Cache.small(budgetBytes: 1 << 20)
            _ = cache.set([1], [7, 8])
            return try #require(cache.hold([1]))
        }
        #expect(try held().value == [7, 8])
    }
}
