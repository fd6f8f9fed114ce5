/// A popularity estimate (0 to 15) for every key seen of late, in half a byte per counter.
///
/// A count-min sketch: each key has four counters, the least is the estimate, so it errs only
/// upwards (until counters are halved). While as many increments are counted as make up a
/// period, every counter is halved once, so that the past fades.
///
/// - Complexity: `record` and `estimate` are O(1) and touch one cache line (`record` one more
///   now and then); `reserve` is O(entries that came or went).
package struct FrequencySketch: ~Copyable, Sendable {
    // A key's four counters live in one 64-byte block, each in its own pair of words: slightly
    // more collisions than textbook rows, three cache misses fewer. Blocks are added one at a
    // time, by linear hashing: a new block begins as a copy of the one that its keys were in, so
    // every estimate stays, and the memory is always in proportion to the entries. Blocks are
    // halved in turn, each after its share of a period, so that no lock is held for all of them.
    // Sources: Einziger, Friedman, Manes: TinyLFU; Caffeine's FrequencySketch; Litwin: Linear
    // hashing.
    private static let wordsPerBlock = 8
    private static let counterMax: UInt64 = 15
    static let entriesPerBlock = 8
    /// Increments per entry in a period.
    private static let incrementsPerEntry = 10
    /// Blocks of the smallest table.
    private static let blocksMin = 16

    // First what `record` writes: it shares its owner's cache line (`Shard`).
    /// Blocks times increments that have not led to a halving yet.
    private var credit = 0
    private var periodIncrements = incrementsPerEntry
    private var words: WordTable
    private(set) var blockCount: Int
    /// The low bits of a key's number that may tell its block, one less than a power of two.
    private(set) var blockMask: UInt64
    /// The block that is halved next.
    private var ageing = 0
    private let seed: Seed

    package typealias Seed = (UInt64, UInt64)

    package init(seed: Seed) {
        blockCount = Self.blocksMin
        words = WordTable(count: Self.blocksMin * Self.wordsPerBlock)
        blockMask = UInt64(Self.blocksMin - 1)
        self.seed = seed
    }

    /// Entries that the table is made for.
    package var capacity: Int { blockCount * Self.entriesPerBlock }

    /// Notes that the key was asked for.
    package mutating func record(_ hash: UInt64) {
        let place = Place(self, hash)
        let least = UInt64(truncatingIfNeeded: estimate(at: place))
        guard least < Self.counterMax else { return }
        // Only the counters at the minimum have to grow for the estimate to grow; the others are
        // shared with keys that are asked for more (conservative update).
        for row in 0..<4 {
            let (index, shift) = place.counter(row)
            let word = words[index]
            let grows: UInt64 = word &>> shift & Self.counterMax == least ? 1 : 0
            words[index] = word &+ (grows &<< shift)
        }
        credit &+= blockCount
        if credit >= periodIncrements { age() }
    }

    /// How often the key was recorded, as far as the sketch remembers.
    package func estimate(_ hash: UInt64) -> Int { estimate(at: Place(self, hash)) }

    /// Where the counters lie, until `reserve`.
    var address: UInt { words.address }

    @inline(__always)
    private func estimate(at place: Place) -> Int {
        var least = Self.counterMax
        for row in 0..<4 {
            let (index, shift) = place.counter(row)
            least = min(least, words[index] &>> shift & Self.counterMax)
        }
        return Int(truncatingIfNeeded: least)
    }

    /// Makes the table large enough for so many entries; what is known stays known. A table more
    /// than twice as large as needed becomes smaller by a block.
    package mutating func reserve(entries: Int) {
        // The table is never smaller than some entries, the memory is: many small shards would
        // remember for much longer than one sketch for all.
        periodIncrements = max(entries, 1) * Self.incrementsPerEntry
        credit = min(credit, periodIncrements)
        while capacity < entries { addBlock() }
        if blockCount > Self.blocksMin && capacity / 2 > entries { removeBlock() }
    }

    private mutating func addBlock() {
        words.resize(to: (blockCount + 1) * Self.wordsPerBlock)
        if UInt64(blockCount) > blockMask { blockMask = blockMask << 1 | 1 }
        let origin = blockCount & Int(truncatingIfNeeded: blockMask >> 1)
        words.copy(
            from: origin * Self.wordsPerBlock, to: blockCount * Self.wordsPerBlock,
            length: Self.wordsPerBlock)
        blockCount += 1
    }

    /// The keys of the last block go back to the one it came from, whose counters they then share.
    private mutating func removeBlock() {
        blockCount -= 1
        for index in 0..<Self.wordsPerBlock { words[blockCount * Self.wordsPerBlock + index] = 0 }
        words.resize(to: blockCount * Self.wordsPerBlock)
        if UInt64(blockCount) <= blockMask >> 1 { blockMask >>= 1 }
        if ageing >= blockCount { ageing = 0 }
    }

    @inline(never)
    private mutating func age() {
        // A table for few entries has more blocks than its period has increments.
        for _ in 0..<Self.blocksMin where credit >= periodIncrements {
            credit -= periodIncrements
            let base = ageing * Self.wordsPerBlock
            for index in base..<base + Self.wordsPerBlock {
                words[index] = words[index] &>> 1 & 0x7777_7777_7777_7777
            }
            ageing = ageing + 1 < blockCount ? ageing + 1 : 0
        }
    }

    /// Where a key's counters are.
    struct Place {
        let base: Int
        private let selectors: UInt64

        // A finalizer of its own over the table's hash: keys that share a table slot or a shard
        // (some bits of the hash) do not share counters; only keys with one and the same 64-bit
        // hash would, and that hash is itself keyed by a secret.
        @inline(__always)
        init(_ hash: UInt64, _ seed: Seed, blockCount: UInt64, blockMask: UInt64) {
            let product = (hash ^ seed.0).multipliedFullWidth(by: seed.1 | 1)
            var mixed = product.low ^ product.high
            mixed = (mixed ^ mixed &>> 32) &* 0x9e37_79b9_7f4a_7c15
            mixed ^= mixed &>> 29
            var block = mixed & blockMask
            if block >= blockCount { block &= blockMask &>> 1 }
            base = Int(truncatingIfNeeded: block) &* wordsPerBlock
            selectors = mixed &>> 44
        }

        @inline(__always)
        fileprivate init(_ sketch: borrowing FrequencySketch, _ hash: UInt64) {
            self.init(
                hash, sketch.seed, blockCount: UInt64(truncatingIfNeeded: sketch.blockCount),
                blockMask: sketch.blockMask)
        }

        /// The word, and the bit in it where the counter begins.
        @inline(__always)
        func counter(_ row: Int) -> (index: Int, shift: UInt64) {
            let selector = selectors &>> UInt64(row &* 5)
            return (base &+ row &* 2 &+ Int(selector & 1), (selector &>> 1 & 15) &* 4)
        }
    }
}
