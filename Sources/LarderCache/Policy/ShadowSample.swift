/// What the shadow caches share: the sampled keys, how popular they are, and what they are worth.
struct ShadowSample: ~Copyable, Sendable {
    var keys = ShadowKeys()
    private(set) var sketch: FrequencySketch
    private var recent = RecentRequests()
    /// The cost of a byte, where a miss costs 1 and its bytes.
    var costPerByte = 0.0

    init(seed: HashSeed) {
        sketch = FrequencySketch(seed: seed.sketchKey)
    }

    /// Notes that a key was asked for.
    mutating func record(_ hash: UInt64) {
        if recent.isFirst(hash) { sketch.record(hash) }
    }

    /// Gets ready for so many keys in a shadow cache.
    mutating func reserve(entries: Int) {
        sketch.reserve(entries: entries)
        recent.reserve(entries: entries)
    }

    /// What a miss of so many bytes costs.
    func missCost(bytes: UInt64) -> Double { 1 + Double(bytes) * costPerByte }

    /// What a miss costs over its bytes.
    func density(bytes: UInt64) -> Double { 1 / Double(max(bytes, 1)) + costPerByte }

    /// One holder less; a key that nobody holds loses its number.
    mutating func letGo(_ number: Int32) {
        keys[number].holders -= 1
        if keys[number].holders == 0 { keys.remove(number) }
    }
}
