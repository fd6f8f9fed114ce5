import LarderCache
import Synchronization

/// The cache in process: 16-byte keys, 100-byte values.
enum CacheBench {
    private static let seed = HashSeed(1, 2, 3, 4)
    private static let operations = 500_000
    private static let value = [UInt8](repeating: 7, count: 100)

    static func run(_ measure: Measure, entries: Int) async {
        parts(measure, entries: entries)
        await uniform(measure, entries: entries)
        await evicting(measure, entries: entries)
    }

    /// What a Get is made of.
    private static func parts(_ measure: Measure, entries: Int) {
        let hash = KeyHash(seed)
        measure("hash of a 16-byte key", operations: operations) { round in
            var keys = Keys(seed: round)
            var sum: UInt64 = 0
            for number in 0..<operations {
                keys.turn(to: number)
                sum ^= hash(keys.bytes.span)
            }
            keep(sum)
        }
        var sketch = FrequencySketch(seed: (5, 6))
        sketch.reserve(entries: entries)
        measure("sketch: record, uniform", operations: operations) { round in
            var state = UInt64(round)
            for _ in 0..<operations {
                state = state &* 0x5851_f42d_4c95_7f2d &+ 0x1405_7b7e_f767_814f
                sketch.record(state)
            }
        }
        lookUp(measure, hash, entries: entries)
    }

    private static func lookUp(_ measure: Measure, _ hash: KeyHash, entries: Int) {
        let arena = EntryArena()
        var table = EntryTable(arena)
        var keys = Keys(seed: 0)
        for number in 0..<entries {
            keys.turn(to: number)
            table.insert(
                EntryBlock.make(
                    in: arena, key: keys.bytes.span,
                    value: value.span, flags: 0), hash: hash(keys.bytes.span))
        }
        measure("table: find, uniform", operations: operations) { round in
            var keys = Keys(seed: round)
            var found = 0
            for _ in 0..<operations {
                keys.turnToAny(of: entries)
                if table.find(keys.bytes.span, hash: hash(keys.bytes.span)) != nil { found += 1 }
            }
            keep(found)
        }
    }

    // MARK: what is there

    private static func uniform(_ measure: Measure, entries: Int) async {
        let cache = Cache(Cache.Configuration(budgetBytes: 4 << 30, seed: seed))
        var keys = Keys(seed: 0)
        for number in 0..<entries {
            keys.turn(to: number)
            _ = cache.set(keys.bytes.span, value.span, nowNanos: 1)
        }
        measure("get: hit, uniform", operations: operations) { get(cache, entries, $0) }
        let popular = Zipf(of: entries).numbers(operations, seed: 9)
        measure("get: hit, Zipf 0.99", operations: operations) { _ in get(cache, popular) }
        measure("get: hit, one of 1,000", operations: operations) { get(cache, 1000, $0) }
        measure("get: hit, one key", operations: operations) { get(cache, 1, $0) }
        measure("get: miss", operations: operations) { round in
            var keys = Keys(seed: round)
            for number in 0..<operations {
                keys.turn(to: -1 - number)
                if cache.get(keys.bytes.span, nowNanos: 2) != nil { keep(number) }
            }
        }
        measure("set: overwrite, uniform", operations: operations) { set(cache, entries, $0) }
        measure("set: overwrite, Zipf 0.99", operations: operations) { _ in set(cache, popular) }
        measure("set: overwrite, one key", operations: operations) { set(cache, 1, $0) }
        for threads in [1, 2] {
            let name = "\(threads) thread\(threads == 1 ? "" : "s")"
            await measure(
                "get: hit, uniform, \(name)", threads: threads, operationsEach: operations
            ) { get(cache, entries, $0 + $1 * 64) }
            await measure(
                "get: hit, one key, \(name)", threads: threads, operationsEach: operations
            ) { get(cache, 1, $0 + $1 * 64) }
            await measure("set: overwrite, \(name)", threads: threads, operationsEach: operations) {
                set(cache, entries, $0 + $1 * 64)
            }
        }
        measure.ratio(
            "get: two threads to one", of: "get: hit, uniform, 2 threads",
            to: "get: hit, uniform, 1 thread")
        measure.ratio(
            "get: one key to uniform, two threads", of: "get: hit, one key, 2 threads",
            to: "get: hit, uniform, 2 threads")
        measure.ratio(
            "set: overwrite, two threads to one", of: "set: overwrite, 2 threads",
            to: "set: overwrite, 1 thread")
    }

    private static func get(_ cache: Cache, _ count: Int, _ seed: Int) {
        var keys = Keys(seed: seed)
        var sum = 0
        for _ in 0..<operations {
            keys.turnToAny(of: count)
            if let entry = cache.get(keys.bytes.span, nowNanos: 2) { sum += Int(entry.value[0]) }
        }
        keep(sum)
    }

    private static func get(_ cache: Cache, _ numbers: [Int]) {
        var keys = Keys(seed: 0)
        var sum = 0
        for number in numbers {
            keys.turn(to: number)
            if let entry = cache.get(keys.bytes.span, nowNanos: 2) { sum += Int(entry.value[0]) }
        }
        keep(sum)
    }

    private static func set(_ cache: Cache, _ numbers: [Int]) {
        var keys = Keys(seed: 0)
        var now = Moments()
        for number in numbers {
            keys.turn(to: number)
            _ = cache.set(keys.bytes.span, value.span, nowNanos: now.next())
        }
    }

    private static func set(_ cache: Cache, _ count: Int, _ seed: Int) {
        var keys = Keys(seed: seed)
        var now = Moments()
        for _ in 0..<operations {
            keys.turnToAny(of: count)
            _ = cache.set(keys.bytes.span, value.span, nowNanos: now.next())
        }
    }

    // MARK: what is not there yet

    private static func evicting(_ measure: Measure, entries: Int) async {
        let each = EntryCharge.bytes(keyBytes: 16, valueBytes: value.count)
        let budget = UInt64(entries) * each
        var configuration = Cache.Configuration(budgetBytes: budget, seed: seed)
        configuration.writerCount = 2
        let cache = Cache(configuration)
        let next = Numbers()
        // Twice as many as fit, so that the shadow caches have found their sample.
        fill(cache, next, operations: entries * 2)
        measure("set: new key, evicting", operations: operations) { _ in
            fill(cache, next, operations: operations)
        }
        for threads in [1, 2] {
            await measure(
                "set: new key, evicting, \(threads) thread\(threads == 1 ? "" : "s")",
                threads: threads, operationsEach: operations
            ) { _, _ in fill(cache, next, operations: operations) }
        }
        measure.ratio(
            "set: new key, two threads to one", of: "set: new key, evicting, 2 threads",
            to: "set: new key, evicting, 1 thread")
    }

    /// Numbers that were not given out before.
    private final class Numbers: Sendable {
        let given = Atomic<Int>(0)
    }

    private static func fill(_ cache: Cache, _ next: Numbers, operations: Int) {
        var keys = Keys(seed: 0)
        var now = Moments()
        let first = next.given.add(operations, ordering: .relaxed).oldValue
        for number in first..<(first + operations) {
            keys.turn(to: number)
            _ = cache.set(keys.bytes.span, value.span, nowNanos: now.next())
        }
    }
}
