/// A part of the keys: their table, their popularity and what was asked of them.
///
/// All that a read needs is here, under one lock.
struct Shard: ~Copyable, Sendable {
    private(set) var table: EntryTable
    private(set) var sketch: FrequencySketch
    private var recent = RecentRequests()
    private(set) var hits: UInt64 = 0
    private(set) var misses: UInt64 = 0

    init(seed: HashSeed, arena: borrowing EntryArena) {
        table = EntryTable(arena)
        sketch = FrequencySketch(seed: seed.sketchKey)
    }

    /// What a look at a key found. The entry of a hit carries one more reference.
    enum Reading: Sendable {
        case hit(EntryBlock)
        case miss
        /// An entry is there whose time is over.
        case expired
    }

    /// Looks a key up for a reader.
    @inline(__always)
    mutating func read(
        _ key: Span<UInt8>, hash: UInt64, ageNanosMax: UInt64?, isPeek: Bool, nowNanos: UInt64
    ) -> Reading {
        if !isPeek && recent.isFirst(hash) { sketch.record(hash) }
        guard let block = table.find(key, hash: hash) else {
            if !isPeek { misses &+= 1 }
            return .miss
        }
        if block.isExpired(nowNanos: nowNanos) {
            if !isPeek { misses &+= 1 }
            return .expired
        }
        if let ageNanosMax, nowNanos > block.writtenAtNanos,
            nowNanos - block.writtenAtNanos > ageNanosMax
        {
            if !isPeek { misses &+= 1 }
            return .miss
        }
        if !isPeek {
            hits &+= 1
            block.isTouched = true
            block.noteUse(nowNanos: nowNanos)
        }
        block.retain()
        return .hit(block)
    }

    mutating func insert(_ block: EntryBlock) {
        table.insert(block)
        sketch.reserve(entries: table.count)
        recent.reserve(entries: table.count)
    }

    mutating func remove(_ block: EntryBlock) {
        table.remove(block)
        sketch.reserve(entries: table.count)
    }

    mutating func replace(_ older: EntryBlock, with newer: EntryBlock) {
        table.replace(older, with: newer)
    }
}
