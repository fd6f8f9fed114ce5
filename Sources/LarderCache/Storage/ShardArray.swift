/// The shards, each behind its own lock.
///
/// The low bits of the part of the hash that entries keep choose the shard; the table inside uses
/// the high ones.
@safe
struct ShardArray: ~Copyable, Sendable {
    private nonisolated(unsafe) let base: UnsafeMutablePointer<Guarded<Shard>>
    private nonisolated(unsafe) let hints: UnsafeMutableRawPointer
    private let sketchSeed: FrequencySketch.Seed
    private let mask: UInt64
    let count: Int

    /// Makes `count` shards, a power of two.
    init(count: Int, seed: HashSeed, arena: borrowing EntryArena, firstVersion: UInt64) {
        precondition(count > 0 && count & (count - 1) == 0, "shards are a power of two")
        self.count = count
        mask = UInt64(count - 1)
        sketchSeed = seed.sketchKey
        unsafe base = .allocate(capacity: count)
        unsafe hints = .allocate(byteCount: count * TableHint.bytes, alignment: TableHint.bytes)
        for index in 0..<count {
            let hint = unsafe TableHint.make(in: hints + index * TableHint.bytes)
            unsafe (base + index).initialize(
                to: Guarded(
                    Shard(seed: seed, arena: arena, firstVersion: firstVersion, hint: hint)))
        }
    }

    deinit {
        unsafe base.deinitialize(count: count)
        unsafe base.deallocate()
        unsafe hints.deallocate()
    }

    /// The index of the shard that a key of this hash lives in.
    @inline(__always)
    func index(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash &>> 32 & mask) }

    /// Fetches what a request of this hash looks at before the entry.
    @inline(__always)
    func prefetch(_ hash: UInt64) {
        unsafe TableHint(at: hints + index(of: hash) * TableHint.bytes).places
            .prefetch(hash, sketchSeed)
    }

    /// Runs `body` on the shard at `index` under its lock.
    @inline(__always)
    borrowing func withShard<Result: Sendable>(
        at index: Int, _ body: (inout Shard) -> Result
    ) -> Result {
        precondition(index >= 0 && index < count, "a shard lies within the array")
        return unsafe base[index].withLock { body(&$0) }
    }

    /// Runs `body` under its lock on the shard that a key of this hash lives in.
    @inline(__always)
    borrowing func withShard<Result: Sendable>(
        of hash: UInt64, _ body: (inout Shard) -> Result
    ) -> Result {
        withShard(at: index(of: hash), body)
    }

    /// Asks for the shard that a key of this hash lives in, to be changed soon.
    @inline(__always)
    func prefetchShard(of hash: UInt64) {
        let index = index(of: hash)
        precondition(index >= 0 && index < count, "a shard lies within the array")
        unsafe base[index].prefetch()
    }

    /// As `withShard(of:)`, unless someone else has the shard: then `body` is not run.
    @inline(__always)
    borrowing func withShardIfFree(of hash: UInt64, _ body: (inout Shard) -> Void) {
        let index = index(of: hash)
        precondition(index >= 0 && index < count, "a shard lies within the array")
        unsafe base[index].withLockIfFree { body(&$0) }
    }
}
