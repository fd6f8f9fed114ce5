import LarderCache
import Synchronization
import Testing

@Suite("A cache under several threads")
struct CacheConcurrencyTests {
    private static let tasks = 4
    private static let threads = 8
    private static let stepsPerThread = TestScale.operations / threads

    @Test(
        "no reader ever sees a torn, foreign or older value, nor while entries are moved",
        arguments: [false, true])
    func manyThreads(isDraining: Bool) {
        let cache = Cache.small(budgetBytes: (isDraining ? 8 : 1) << 20, shardCount: 8)
        if isDraining { cache.setHoleBytesMax(0) }
        onThreads(Self.threads) { Self.drive(cache, seed: UInt64($0)) }
        cache.checkInvariants()
        let statistics = cache.statistics()
        #expect(statistics.hits > Self.stepsPerThread / 10)
        #expect(statistics.evicted > TestScale.operations / 1000)
    }

    @Test("keys that many threads store at once are there once, whatever else is done to them")
    func newcomersOfManyThreads() {
        var configuration = Cache.Configuration(
            budgetBytes: 4 << 20, seed: .fixed(), shardCount: 8)
        configuration.writerCount = 4
        let cache = Cache(configuration)
        onThreads(Self.threads) { Self.store(cache, seed: UInt64($0)) }
        cache.checkInvariants()
        let statistics = cache.statistics()
        #expect(statistics.usedBytes <= statistics.budgetBytes)
        #expect(statistics.evicted > TestScale.operations / 1000)
        cache.flush()
        cache.checkInvariants()
        #expect(cache.statistics().entries == 0)
    }

    /// Mostly new keys, of all threads the same ones at about the same time.
    private static func store(_ cache: Cache, seed: UInt64) {
        var generator = SeededGenerator(seed: seed + 500)
        for step in 0..<UInt64(stepsPerThread) {
            let number = Int(step) + generator.below(8)
            let key = keyBytes(number)
            let nowNanos = step * 1000
            switch generator.below(32) {
            case 0..<2: _ = cache.delete(key, nowNanos: nowNanos)
            case 2..<8:
                guard let entry = cache.get(key.span, nowNanos: nowNanos) else { continue }
                if !isWhole(entry, number) { Issue.record("a torn or foreign value") }
            case 8:
                var options = ReadOptions()
                options.touch = .nanos(1_000_000)
                _ = cache.get(key.span, options, nowNanos: nowNanos)
            case 9 where generator.oneIn(50):
                cache.setBudget(UInt64(2 + generator.below(4)) << 20)
            case 10 where generator.oneIn(2000): cache.flush()
            case 11: _ = cache.expire(nowNanos: nowNanos, limit: 100)
            case 12 where generator.oneIn(4): _ = cache.statistics()
            default:
                var options = WriteOptions(flags: UInt32(truncatingIfNeeded: step))
                if generator.oneIn(4) { options.condition = .ifAbsent }
                if generator.oneIn(8) { options.timeToLive = .nanos(1_000_000) }
                if generator.oneIn(16) { options.admission = .force }
                let bytes = value(number, step, count: 1 + generator.below(32))
                _ = cache.set(key, bytes, options, nowNanos: nowNanos)
            }
        }
    }

    @Test("of many who store one new key if it is absent, one does")
    func oneIsFirst() {
        var configuration = Cache.Configuration(budgetBytes: 256 << 20, seed: .fixed())
        configuration.writerCount = 4
        let cache = Cache(configuration)
        let keys = TestScale.operations / 40
        let stored = Mutex(0)
        onThreads(Self.tasks) { thread in
            var count = 0
            for number in 0..<keys {
                let options = WriteOptions(condition: .ifAbsent)
                if cache.set(keyBytes(number), [UInt8(thread)], options).told().isStored {
                    count += 1
                }
            }
            stored.withLock { $0 += count }
        }
        #expect(stored.withLock { $0 } == keys)
        cache.checkInvariants()
        #expect(cache.statistics().entries == UInt64(keys))
    }

    @Test("no append and no conditional write is lost, whoever writes at the same time")
    func noLostUpdates() async {
        let cache = Cache.small(budgetBytes: 8 << 20)
        let appended: [UInt8] = [1]
        let counted: [UInt8] = [2]
        let stepsPerTask = 4000
        #expect(cache.set(appended, []).told().isStored)
        #expect(cache.set(counted, [0, 0, 0]).told().isStored)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<Self.tasks {
                group.addTask {
                    let append = WriteOptions(mode: task % 2 == 0 ? .append : .prepend)
                    for _ in 0..<stepsPerTask {
                        #expect(cache.set(appended, [UInt8(task)], append).told().isStored)
                        while !Self.countUp(cache, counted) {}
                    }
                }
            }
        }
        let bytes = cache.value(appended) ?? []
        for task in 0..<Self.tasks {
            #expect(bytes.count { $0 == UInt8(task) } == stepsPerTask)
        }
        let count = (cache.value(counted) ?? []).reduce(0) { $0 * 256 + Int($1) }
        #expect(count == Self.tasks * stepsPerTask)
        cache.checkInvariants()
    }

    /// Adds one to the number under a key, unless someone else was faster.
    private static func countUp(_ cache: Cache, _ key: [UInt8]) -> Bool {
        guard let holder = cache.hold(key) else { return false }
        let count = holder.value.reduce(0) { $0 * 256 + Int($1) } + 1
        let bytes = [16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
        let options = WriteOptions(condition: .ifVersion(holder.version))
        return cache.set(key, bytes, options).told().isStored
    }

    /// Each value is its key's number, a number of the write, and a pattern made of both.
    private static func value(_ number: Int, _ write: UInt64, count: Int) -> [UInt8] {
        let stamp = UInt64(number) << 40 | write & 0xff_ffff_ffff
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count * 8)
        for index in 0..<count {
            let word = stamp &+ UInt64(index) &* 0x9e37_79b9_7f4a_7c15
            for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * byte))) }
        }
        return bytes
    }

    private static func isWhole(_ entry: borrowing EntryReference, _ number: Int) -> Bool {
        let bytes = entry.value
        func word(_ index: Int) -> UInt64 {
            var word: UInt64 = 0
            for byte in 0..<8 { word |= UInt64(bytes[index * 8 + byte]) << (8 * byte) }
            return word
        }
        let stamp = word(0)
        guard stamp >> 40 == UInt64(number), UInt32(truncatingIfNeeded: stamp) == entry.flags
        else { return false }
        for index in 0..<(bytes.count / 8)
        where word(index) != stamp &+ UInt64(index) &* 0x9e37_79b9_7f4a_7c15 { return false }
        return true
    }

    private static func drive(_ cache: Cache, seed: UInt64) {
        var generator = SeededGenerator(seed: seed + 100)
        var batch = ScanBatch()
        // The last version that this thread saw of each key: versions of a key only grow.
        var seen = [UInt64](repeating: 0, count: 4096)
        var held: [Int: (holder: EntryHolder, number: Int)] = [:]
        for step in 0..<UInt64(stepsPerThread) {
            let number = generator.below(1 + generator.below(4096))
            let key = keyBytes(number)
            let nowNanos = step * 1000
            switch generator.below(16) {
            case 0..<9:
                guard let entry = cache.get(key.span, nowNanos: nowNanos) else { continue }
                if !isWhole(entry, number) { Issue.record("a torn or foreign value") }
                if entry.version < seen[number] { Issue.record("an older value came back") }
                seen[number] = entry.version
                if generator.oneIn(50) {
                    held[generator.below(8)] = (EntryHolder(entry), number)
                }
            case 9..<14:
                var options = WriteOptions(flags: UInt32(truncatingIfNeeded: step))
                if generator.oneIn(4) {
                    options.timeToLive = .nanos(UInt64(generator.below(1_000_000)))
                }
                // Mostly as long as the value that is there, which is then overwritten in place.
                let words = generator.oneIn(4) ? generator.below(64) : number % 16
                let bytes = value(number, step, count: 1 + words)
                if case .stored(let version) = cache.set(key, bytes, options, nowNanos: nowNanos)
                    .told()
                {
                    seen[number] = max(seen[number], version)
                }
            case 14: _ = cache.delete(key, nowNanos: nowNanos)
            default: lookAround(cache, &generator, &batch, step: step)
            }
        }
        for (holder, number) in held.values where !isWhole(holder.entry, number) {
            Issue.record("a value changed while it was held")
        }
    }

    private static func lookAround(
        _ cache: Cache, _ generator: inout SeededGenerator, _ batch: inout ScanBatch, step: UInt64
    ) {
        switch generator.below(40) {
        case 0: cache.setBudget(UInt64(200_000 + generator.below(1 << 20)))
        case 1: _ = cache.expire(nowNanos: step * 1000, limit: 100)
        case 2 where generator.oneIn(20): cache.flush()
        case 3..<10:
            let cursor = ScanCursor(shard: UInt64(generator.below(8)), position: generator.next())
            _ = cache.scan(
                from: cursor, into: &batch, entriesMax: 20, bytesMax: 10_000,
                nowNanos: step * 1000)
            batch.clear()
        case 10: _ = cache.statistics()
        default: break
        }
    }
}
