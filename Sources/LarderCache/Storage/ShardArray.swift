/// The shards, each behind its own lock.
///
/// The low bits of the part of the hash that entries keep choose the shard; the table inside uses
/// the high ones.
@safe
struct ShardArray: ~Copyable, Sendable {
    private nonisolated(unsafe) let base: UnsafeMutablePointer<Guarded<Shard>>
    private let mask: UInt64
    let count: Int

    /// Makes `count` shards, a power of two.
    init(count: Int, seed: HashSeed, arena: borrowing EntryArena, firstVersion: UInt64) {
        precondition(count > 0 && count & (count - 1) == 0, "shards are a power of two")
        self.count = count
        mask = UInt64(count - 1)
        unsafe base = .allocate(capacity: count)
        for index in 0..<count {
            unsafe (base + index).initialize(
                to: Guarded(Shard(seed: seed, arena: arena, firstVersion: firstVersion)))
        }
    }

    deinit {
        unsafe base.deinitialize(count: count)
        unsafe base.deallocate()
    }

    /// The index of the shard that a key of this hash lives in.
    @inline(__always)
    func index(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash &>> 32 & mask) }

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

    /// As `withShard(of:)`, unless someone else has the shard: then `body` is not run.
    @inline(__always)
    borrowing func withShardIfFree(of hash: UInt64, _ body: (inout Shard) -> Void) {
        let index = index(of: hash)
        precondition(index >= 0 && index < count, "a shard lies within the array")
        unsafe base[index].withLockIfFree { body(&$0) }
    }
}
