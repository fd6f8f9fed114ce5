/// A popularity estimate (0 to 15) for every key seen of late, in half a byte per counter.
///
/// A count-min sketch: each key has four counters, the least is the estimate, so it errs only
/// upwards (until counters are halved). After ten times as many increments as there are
/// entries all counters are halved, so that the past fades.
///
/// - Complexity: `record` and `estimate` are O(1) and touch one cache line.
package struct FrequencySketch: ~Copyable, Sendable {
    // A key's four counters live in one 64-byte block, each in its own pair of words: slightly
    // more collisions than textbook rows, three cache misses fewer. The block is chosen by the
    // low bits, so a table that doubles onto its own copy keeps every estimate.
    // Sources: Einziger, Friedman, Manes: TinyLFU; Caffeine's FrequencySketch.
    private static let wordsPerBlock = 8
    private static let counterMax: UInt64 = 15
    private static let wordsPerEntry = 2
    /// Increments between halvings, per entry.
    private static let incrementsPerEntry = 10
    /// Words of the smallest table.
    private static let wordsMin = 128

    private var words: WordTable
    private var blockMask: UInt64
    private var incrementCount = 0
    private var incrementsMax = incrementsPerEntry
    private let seed: (UInt64, UInt64)

    package init(seed: (UInt64, UInt64)) {
        words = WordTable(count: Self.wordsMin)
        blockMask = UInt64(Self.wordsMin / Self.wordsPerBlock - 1)
        self.seed = seed
    }

    /// Entries that the table is made for.
    package var capacity: Int { words.count / Self.wordsPerEntry }

    /// Notes that the key was asked for.
    package mutating func record(_ hash: UInt64) {
        let place = Place(self, hash)
        var counted = false
        for row in 0..<4 {
            let (index, shift) = place.counter(row)
            let word = words[index]
            if word &>> shift & Self.counterMax < Self.counterMax {
                words[index] = word &+ (1 &<< shift)
                counted = true
            }
        }
        guard counted else { return }
        incrementCount += 1
        if incrementCount >= incrementsMax { age() }
    }

    /// How often the key was recorded, as far as the sketch remembers.
    package func estimate(_ hash: UInt64) -> Int {
        let place = Place(self, hash)
        var least = Self.counterMax
        for row in 0..<4 {
            let (index, shift) = place.counter(row)
            least = min(least, words[index] &>> shift & Self.counterMax)
        }
        return Int(least)
    }

    /// Makes the table large enough for so many entries; what is known stays known.
    package mutating func reserve(entries: Int) {
        while capacity < entries {
            words = words.doubled()
            blockMask = blockMask << 1 | 1
        }
        // The table is never smaller than some entries, the memory is: many small shards would
        // remember for much longer than one sketch for all.
        while incrementsMax < entries * Self.incrementsPerEntry { incrementsMax *= 2 }
    }

    private mutating func age() {
        for index in 0..<words.count {
            words[index] = words[index] &>> 1 & 0x7777_7777_7777_7777
        }
        incrementCount /= 2
    }

    /// Where a key's counters are.
    private struct Place {
        let base: Int
        let selectors: UInt64

        // A finalizer of its own over the table's hash: keys that share a table slot or a shard
        // (some bits of the hash) do not share counters; only keys with one and the same 64-bit
        // hash would, and that hash is itself keyed by a secret.
        @inline(__always)
        init(_ sketch: borrowing FrequencySketch, _ hash: UInt64) {
            let product = (hash ^ sketch.seed.0).multipliedFullWidth(by: sketch.seed.1 | 1)
            var mixed = product.low ^ product.high
            mixed = (mixed ^ mixed &>> 32) &* 0x9e37_79b9_7f4a_7c15
            mixed ^= mixed &>> 29
            base = Int(truncatingIfNeeded: mixed & sketch.blockMask) &* wordsPerBlock
            selectors = mixed &>> 44
        }

        /// The word, and the bit in it where the counter begins.
        @inline(__always)
        func counter(_ row: Int) -> (index: Int, shift: UInt64) {
            let selector = selectors &>> UInt64(row &* 5)
            return (base &+ row &* 2 &+ Int(selector & 1), (selector &>> 1 & 15) &* 4)
        }
    }
}
