import LarderCache
import Testing

@Suite("What stays in the cache and what goes")
struct CachePolicyTests {
    /// Fills a cache with items of one size until something was evicted; tells how many.
    private static func fill(_ cache: Cache, valueBytes: Int = 100) -> Int {
        let value = [UInt8](repeating: 1, count: valueBytes)
        var number = 0
        while cache.statistics().evicted == 0 && number < 100_000 {
            _ = cache.set(keyBytes(1_000_000 + number), value)
            number += 1
        }
        return number
    }

    @Test("bytes are bounded by the budget, and most of it is used")
    func budget() {
        let cache = Cache.small(budgetBytes: 100_000)
        var generator = SeededGenerator(seed: 1)
        for number in 0..<3000 {
            let value = [UInt8](repeating: 1, count: generator.below(1000))
            _ = cache.set(keyBytes(number), value)
            let statistics = cache.statistics()
            #expect(statistics.usedBytes <= 100_000)
        }
        cache.checkInvariants()
        #expect(cache.statistics().usedBytes > 90_000)
    }

    @Test("the entry limit holds as the budget does", arguments: [1, 2, 99, 100, 250])
    func entryLimit(limit: UInt64) {
        let cache = Cache.small(budgetBytes: 1 << 20, entriesMax: limit)
        for number in 0..<1000 {
            _ = cache.set(keyBytes(number), [1])
            #expect(cache.statistics().entries <= limit)
        }
        cache.checkInvariants()
        #expect(cache.statistics().entries == limit)
    }

    @Test("a hot key survives a scan of ten times the budget", arguments: AdmissionMode.allCases)
    func scanResistance(mode: AdmissionMode) {
        let cache = Cache.small(budgetBytes: 200_000)
        cache.setAdmissionMode(mode)
        let value = [UInt8](repeating: 1, count: 100)
        _ = cache.set(keyBytes(0), value)
        for _ in 0..<10 { _ = cache.value(keyBytes(0)) }
        for number in 1..<10_000 {
            if cache.value(keyBytes(number)) == nil { _ = cache.set(keyBytes(number), value) }
            if number % 200 == 0 { #expect(cache.value(keyBytes(0)) != nil) }
        }
        cache.checkInvariants()
        #expect(cache.holds(keyBytes(0)))
        #expect(cache.statistics().evicted > 5000)
    }

    @Test("of items asked for alike the large ones go first")
    func sizeMatters() {
        let cache = Cache.small(budgetBytes: 400_000)
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<60_000 {
            let number = generator.below(2000)
            let key = keyBytes(number)
            if cache.value(key) != nil { continue }
            let large = number % 10 == 0
            _ = cache.set(key, [UInt8](repeating: 1, count: large ? 5000 : 50))
        }
        let small = (0..<2000).filter { $0 % 10 != 0 && cache.holds(keyBytes($0)) }.count
        let large = (0..<2000).filter { $0 % 10 == 0 && cache.holds(keyBytes($0)) }.count
        #expect(Double(small) / 1800 > 0.6)
        #expect(Double(large) / 200 < 0.3)
    }

    @Test("where only free space may be used nothing is evicted")
    func freeSpaceOnly() {
        let cache = Cache.small(budgetBytes: 50_000)
        let options = WriteOptions(admission: .freeSpaceOnly)
        var stored = 0
        for number in 0..<1000 where cache.set(keyBytes(number), [1], options).told().isStored {
            stored += 1
        }
        let statistics = cache.statistics()
        #expect(statistics.evicted == 0)
        #expect(statistics.notAdmitted == UInt64(1000 - stored))
        #expect(stored > 200 && statistics.entries == UInt64(stored))
        for number in 0..<stored { #expect(cache.holds(keyBytes(number))) }
        cache.checkInvariants()
    }

    @Test("a write that is not admitted leaves nothing under its key")
    func notAdmittedOverPresent() {
        let cache = Cache.small(budgetBytes: 50_000)
        _ = cache.set(keyBytes(1), [1])
        for number in 2..<1000 {
            _ = cache.set(keyBytes(number), [1], WriteOptions(admission: .freeSpaceOnly))
        }
        #expect(cache.holds(keyBytes(1)))
        let large = [UInt8](repeating: 1, count: 10_000)
        let options = WriteOptions(admission: .freeSpaceOnly)
        #expect(cache.set(keyBytes(1), large, options).told() == .notAdmitted)
        #expect(!cache.holds(keyBytes(1)))
        cache.checkInvariants()
    }

    @Test("what is forced comes in, however little it is worth")
    func forced() {
        let cache = Cache.small(budgetBytes: 100_000)
        let count = Self.fill(cache)
        for number in 0..<count {
            for _ in 0..<8 { _ = cache.value(keyBytes(1_000_000 + number)) }
        }
        let large = [UInt8](repeating: 1, count: 90_000)
        #expect(cache.set(keyBytes(1), large).told() == .notAdmitted)
        #expect(cache.set(keyBytes(1), large, WriteOptions(admission: .force)).told().isStored)
        #expect(cache.holds(keyBytes(1)))
        cache.checkInvariants()
    }

    @Test("an item that is there is always replaced, even by one worth far less")
    func growingItem() {
        let cache = Cache.small(budgetBytes: 100_000)
        _ = cache.set(keyBytes(1), [1])
        let count = Self.fill(cache)
        for number in 0..<count {
            for _ in 0..<8 { _ = cache.value(keyBytes(1_000_000 + number)) }
        }
        _ = cache.set(keyBytes(1), [1], WriteOptions(admission: .force))
        let large = [UInt8](repeating: 2, count: 90_000)
        #expect(cache.set(keyBytes(1), large).told().isStored)
        #expect(cache.value(keyBytes(1)) == large)
        cache.checkInvariants()
    }

    @Test("a smaller budget holds when the call returns, a larger one takes more")
    func changingLimits() {
        let cache = Cache.small(budgetBytes: 1 << 20)
        for number in 0..<6000 { _ = cache.set(keyBytes(number), [1]) }
        cache.setBudget(50_000)
        cache.checkInvariants()
        #expect(cache.statistics().usedBytes <= 50_000)
        #expect(cache.statistics().usedBytes > 40_000)
        cache.setEntriesMax(10)
        cache.checkInvariants()
        #expect(cache.statistics().entries == 10)
        cache.setEntriesMax(nil)
        cache.setBudget(1 << 20)
        for number in 0..<6000 { _ = cache.set(keyBytes(number), [1]) }
        cache.checkInvariants()
        #expect(cache.statistics().entries > 4000)
    }

    @Test("a scan goes through all shards in steps that can be carried on from two numbers")
    func scan() {
        let cache = Cache.small(budgetBytes: 4 << 20, shardCount: 16)
        for number in 0..<1000 { _ = cache.set(keyBytes(number), [UInt8](repeating: 1, count: 9)) }
        let expired = WriteOptions(timeToLive: .nanos(1))
        _ = cache.set(keyBytes(5000), [1], expired)
        var seen: [[UInt8]: Int] = [:]
        var batch = ScanBatch()
        var next: ScanCursor? = .start
        while let cursor = next {
            let copy = ScanCursor(shard: cursor.shard, position: cursor.position)
            next = cache.scan(
                from: copy, into: &batch, entriesMax: 100, bytesMax: 1000, nowNanos: 1)
            let (count, bytes) = (batch.count, batch.bytes)
            #expect(count <= 100 && bytes < 1000 + 25)
            for index in 0..<count {
                let entry = batch.reference(at: index)
                seen[entry.key.array, default: 0] += 1
            }
            batch.clear()
        }
        #expect(seen.count == 1000)
        #expect(seen.values.allSatisfy { $0 == 1 })
        let nowhere = ScanCursor(shard: .max, position: .max)
        let end = cache.scan(
            from: nowhere, into: &batch, entriesMax: 1, bytesMax: 1, nowNanos: 0)
        #expect(end == nil)
    }
}
