/// What the shadow caches share: the sampled keys, how popular they are, and what they are worth.
struct ShadowSample: ~Copyable, Sendable {
    var keys = ShadowKeys()
    var sketch: FrequencySketch
    var worth = EntryWorth(costPerByte: 0)

    init(seed: HashSeed) {
        sketch = FrequencySketch(seed: seed.sketchKey)
    }

    /// One holder less; a key that nobody holds loses its number.
    mutating func letGo(_ number: Int32) {
        keys[number].holders -= 1
        if keys[number].holders == 0 { keys.remove(number) }
    }
}
