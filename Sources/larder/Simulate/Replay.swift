import LarderCache

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// One trace replayed through one cache: a request is a Get, and a Set of its size on a miss.
struct Replay {
    /// The policies that can be replayed.
    enum Contender: String, CaseIterable {
        case larder, lru
    }

    /// What an entry counts against the budget.
    enum Charge: String, CaseIterable {
        /// The size that the trace tells, and nothing else.
        case size
        /// What the server would count: key, value and overhead.
        case real
    }

    /// What came of it.
    struct Result {
        let requests: Int
        let objectMissRatio: Double
        let byteMissRatio: Double
        let nanosPerRequest: Double
    }

    /// Requests between two reports of progress.
    private static let requestsPerReport = 1 << 16
    private static let keyBytes = 8

    let contender: Contender
    let charge: Charge
    let missCost: MissCost
    let shardCount: Int
    /// Of the cache's hash: with the same, every run is the same.
    let seed: UInt64
    let budgetBytes: UInt64

    /// Replays the trace; `report` hears of the requests that are done.
    func run(_ trace: Trace, report: (Int) -> Void) -> Result {
        switch contender {
        case .larder:
            let cache = makeCache()
            return run(trace, report: report) { key, bytes in
                request(trace.keys[key], bytes: bytes, of: cache)
            }
        case .lru:
            var cache = RecentlyUsed(budgetBytes: budgetBytes, keyCount: trace.keys.count)
            return run(trace, report: report) { key, bytes in
                cache.request(UInt32(key), bytes: UInt32(clamping: charged(bytes)))
            }
        }
    }

    private func makeCache() -> Cache {
        var generator = SeedGenerator(state: seed)
        var configuration = Cache.Configuration(
            budgetBytes: budgetBytes, seed: HashSeed(using: &generator), shardCount: shardCount,
            missCost: missCost)
        configuration.charging = .told
        return Cache(configuration)
    }

    @inline(__always)
    private func run(
        _ trace: Trace, report: (Int) -> Void, isHit: (Int, UInt32) -> Bool
    ) -> Result {
        var misses = 0
        var missedBytes: UInt64 = 0
        let begin = Self.processorNanos()
        for index in trace.requests.indices {
            let bytes = trace.sizes[index]
            if !isHit(Int(trace.requests[index]), bytes) {
                misses += 1
                missedBytes += UInt64(bytes)
            }
            if index % Self.requestsPerReport == 0 { report(index) }
        }
        let nanos = Double(Self.processorNanos() - begin)
        let requests = trace.requests.count
        return Result(
            requests: requests, objectMissRatio: Double(misses) / Double(requests),
            byteMissRatio: Double(missedBytes) / Double(trace.requestedBytes),
            nanosPerRequest: nanos / Double(requests))
    }

    @inline(__always)
    private func request(_ key: UInt64, bytes: UInt32, of cache: Cache) -> Bool {
        let name = Self.littleEndian(key)
        if cache.get(name.span, nowNanos: 1) != nil { return true }
        let value = Self.littleEndian(charged(bytes))
        _ = cache.set(name.span, value.span, nowNanos: 1)
        return false
    }

    private func charged(_ bytes: UInt32) -> UInt64 {
        switch charge {
        case .size: UInt64(bytes)
        case .real: EntryCharge.bytes(keyBytes: Self.keyBytes, valueBytes: Int(bytes))
        }
    }

    @inline(__always)
    private static func littleEndian(_ number: UInt64) -> InlineArray<8, UInt8> {
        InlineArray { UInt8(truncatingIfNeeded: number &>> UInt64(8 &* $0)) }
    }

    private static func processorNanos() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Numbers for a seed that is the same every time (SplitMix64).
private struct SeedGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}
