import LarderCache
import Testing

@Suite("Keys that are made ready before they are read")
struct LookAheadTests {
    /// Reads a run of keys as a batch does and tells what was found.
    private func read(_ keys: [Int], in cache: Cache, lead: Int) -> [[UInt8]?] {
        var ahead = LookAhead()
        var prepared = 0
        return keys.indices.map { index -> [UInt8]? in
            while prepared < min(keys.count, index + lead), ahead.hasRoom {
                let key = keyBytes(keys[prepared])
                cache.prepare(key.span, in: &ahead)
                prepared += 1
            }
            let key = keyBytes(keys[index])
            let found = cache.get(key.span, ReadOptions(), &ahead, nowNanos: 1)
            guard let found else { return nil }
            return found.value.array
        }
    }

    @Test(
        "they are found as others are, in small caches and in large ones", arguments: [100, 60_000])
    func finds(count: Int) {
        let cache = Cache.small(budgetBytes: 64 << 20)
        for number in 0..<count {
            _ = cache.set(keyBytes(number), [UInt8(truncatingIfNeeded: number)], nowNanos: 1)
        }
        #expect(cache.looksAhead == (count > 100))
        var generator = SeededGenerator(seed: UInt64(count))
        for lead in [1, 2, 7, 8, 9, LookAhead.keysMax] {
            let keys = (0..<500).map { _ in generator.below(count * 2) }
            let expected = keys.map { $0 < count ? [UInt8(truncatingIfNeeded: $0)] : nil }
            #expect(read(keys, in: cache, lead: lead) == expected)
        }
        let statistics = cache.statistics()
        #expect(statistics.hits + statistics.misses == 6 * 500)
        cache.checkInvariants()
    }

    @Test("what is deleted, written and evicted meanwhile makes no difference")
    func changes() {
        let cache = Cache.small(budgetBytes: 3 << 20)
        var generator = SeededGenerator(seed: 5)
        for number in 0..<60_000 { _ = cache.set(keyBytes(number), [1], nowNanos: 1) }
        #expect(cache.looksAhead)
        for round in 0..<500 {
            var ahead = LookAhead()
            let keys = (0..<LookAhead.keysMax).map { _ in generator.below(60_000) }
            for key in keys {
                let name = keyBytes(key)
                cache.prepare(name.span, in: &ahead)
            }
            var hasRoom = ahead.hasRoom
            #expect(!hasRoom)
            let deleted = keyBytes(keys[3])
            cache.delete(deleted.span, nowNanos: 1)
            _ = cache.set(keyBytes(keys[5]), [2, 3], nowNanos: 1)
            for new in 0..<20 {
                _ = cache.set(keyBytes(70_000 + round * 20 + new), [4], nowNanos: 1)
            }
            for key in keys {
                let name = keyBytes(key)
                let options = ReadOptions(peek: true)
                let isFound = cache.get(name.span, options, &ahead, nowNanos: 1) != nil
                #expect(isFound == cache.holds(name, nowNanos: 1))
            }
            hasRoom = ahead.hasRoom
            #expect(hasRoom)
        }
        #expect(cache.statistics().evicted > 1000)
        cache.checkInvariants()
    }
}
