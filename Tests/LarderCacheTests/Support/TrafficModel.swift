import LarderCache

/// Seeded requests for a simulated cache: a Get, and a Set of the item's size on a miss.
struct TrafficModel {
    let cache: Cache
    private var generator: SeededGenerator
    /// Requests and hits of the honest part.
    private(set) var requests = 0
    private(set) var hits = 0

    /// A cache that believes the sizes it is told, so that no memory is taken for values.
    init(
        budgetBytes: UInt64, seed: UInt64, shardCount: Int = 16, missCost: MissCost = .balanced
    ) {
        var configuration = Cache.Configuration(
            budgetBytes: budgetBytes, seed: .fixed(seed), shardCount: shardCount,
            missCost: missCost)
        configuration.charging = .told
        cache = Cache(configuration)
        generator = SeededGenerator(seed: seed)
    }

    var hitRatio: Double { Double(hits) / Double(max(requests, 1)) }

    /// Forgets the counts, not the cache.
    mutating func startCounting() {
        requests = 0
        hits = 0
    }

    /// Asks for a key of some size; tells whether it was there.
    @discardableResult
    func ask(_ key: Int, bytes: Int) -> Bool {
        let name = keyBytes(key)
        if cache.get(name.span, nowNanos: 1) != nil { return true }
        let told = (0..<8).map { UInt8(truncatingIfNeeded: bytes >> (8 * $0)) }
        _ = cache.set(name.span, told.span, nowNanos: 1)
        return false
    }

    /// One honest request: few keys are asked for often, and sizes belong to keys.
    mutating func askHonestly(keyCount: Int) {
        let chance = Double(generator.below(1 << 30)) / Double(1 << 30)
        let key = Int(Double(keyCount) * chance * chance * chance)
        requests += 1
        if ask(key, bytes: Self.bytes(key)) { hits += 1 }
    }

    mutating func below(_ bound: Int) -> Int { generator.below(bound) }

    /// 16 to about 4,000 bytes, small ones more often.
    static func bytes(_ key: Int) -> Int {
        var generator = SeededGenerator(seed: UInt64(key))
        return 16 << generator.below(8) + generator.below(16)
    }
}
