import LarderCache

/// A generator whose every run can be repeated from its seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }

    /// A number from 0 up to `bound`, which is left out.
    mutating func below(_ bound: Int) -> Int {
        Int(next() % UInt64(bound))
    }

    /// Whether a thing of one chance in `bound` happened.
    mutating func oneIn(_ bound: Int) -> Bool { below(bound) == 0 }
}

extension HashSeed {
    /// A seed for tests.
    static func fixed(_ number: UInt64 = 1) -> HashSeed {
        var generator = SeededGenerator(seed: number)
        return HashSeed(using: &generator)
    }
}

/// Sixteen bytes that tell `number`.
func keyBytes(_ number: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0x6b, count: 16)
    for index in 0..<8 {
        bytes[8 + index] = UInt8(truncatingIfNeeded: number >> (8 * index))
    }
    return bytes
}

extension Span<UInt8> {
    /// A copy.
    var array: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        for index in indices { result.append(self[index]) }
        return result
    }
}

extension Cache {
    /// A small cache for tests.
    static func small(
        budgetBytes: UInt64, seed: UInt64 = 1, entriesMax: UInt64? = nil, shardCount: Int = 4
    ) -> Cache {
        Cache(
            Configuration(
                budgetBytes: budgetBytes, seed: .fixed(seed), entriesMax: entriesMax,
                shardCount: shardCount))
    }

    func set(
        _ key: [UInt8], _ value: [UInt8], _ options: WriteOptions = WriteOptions(),
        nowNanos: UInt64 = 0
    ) -> WriteOutcome {
        set(key.span, value.span, options, nowNanos: nowNanos)
    }

    /// The value under a key, copied.
    func value(
        _ key: [UInt8], _ options: ReadOptions = ReadOptions(), nowNanos: UInt64 = 0
    ) -> [UInt8]? {
        guard let entry = get(key.span, options, nowNanos: nowNanos) else { return nil }
        return entry.value.array
    }

    /// Whether a key is there, without leaving a trace.
    func holds(_ key: [UInt8], nowNanos: UInt64 = 0) -> Bool {
        value(key, ReadOptions(peek: true), nowNanos: nowNanos) != nil
    }

    func delete(_ key: [UInt8], ifVersion: UInt64? = nil, nowNanos: UInt64 = 0) -> DeleteOutcome {
        delete(key.span, ifVersion: ifVersion, nowNanos: nowNanos)
    }
}

extension WriteOutcome {
    /// The outcome in words, to compare with.
    // Inlined into a loop, it makes the optimizer of Swift 6.3 give up.
    @inline(never)
    consuming func told() -> ToldOutcome {
        switch consume self {
        case .stored(let version): return .stored(version)
        case .conditionFailed(let version, let current):
            guard let entry = current else { return .conditionFailed(version, nil) }
            return .conditionFailed(version, entry.value.array)
        case .notAdmitted: return .notAdmitted
        case .rejected(let reason): return .rejected(reason)
        }
    }
}

enum ToldOutcome: Equatable {
    case stored(UInt64)
    case conditionFailed(UInt64, [UInt8]?)
    case notAdmitted
    case rejected(RejectReason)

    var isStored: Bool {
        version != nil
    }

    /// Of what was stored.
    var version: UInt64? {
        if case .stored(let version) = self { version } else { nil }
    }
}
