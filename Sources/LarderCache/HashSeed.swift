/// The secrets that keep a stranger from choosing keys that meet in one place.
///
/// A cache takes them from the system's random source when it starts; tests take fixed ones, so
/// that every run can be repeated.
public struct HashSeed: Hashable, Sendable {
    /// The 128-bit key of the hash that chooses shard and table slot.
    package let tableKey: (UInt64, UInt64)
    /// The 128-bit key of the finalizer that chooses the counters of the frequency sketch.
    package let sketchKey: (UInt64, UInt64)

    /// The seed made of four secret words.
    public init(_ first: UInt64, _ second: UInt64, _ third: UInt64, _ fourth: UInt64) {
        tableKey = (first, second)
        sketchKey = (third, fourth)
    }

    /// A seed from a generator of random numbers.
    public init(using generator: inout some RandomNumberGenerator) {
        self.init(generator.next(), generator.next(), generator.next(), generator.next())
    }

    public static func == (left: HashSeed, right: HashSeed) -> Bool {
        left.tableKey == right.tableKey && left.sketchKey == right.sketchKey
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(tableKey.0)
        hasher.combine(tableKey.1)
        hasher.combine(sketchKey.0)
        hasher.combine(sketchKey.1)
    }
}
