/// The shards, each behind its own lock and on cache lines of its own.
///
/// The low bits of the part of the hash that entries keep choose the shard; the table inside uses
/// the high ones.
@safe
struct ShardArray: ~Copyable, Sendable {
    private static let alignment = 128

    private nonisolated(unsafe) let base: UnsafeMutableRawPointer
    private let mask: UInt64
    private let stride: Int
    let count: Int

    /// Makes `count` shards, a power of two.
    init(count: Int, seed: HashSeed, arena: borrowing EntryArena) {
        precondition(count > 0 && count & (count - 1) == 0, "shards are a power of two")
        self.count = count
        mask = UInt64(count - 1)
        let size = MemoryLayout<Guarded<Shard>>.stride
        stride = (size + Self.alignment - 1) / Self.alignment * Self.alignment
        unsafe base = UnsafeMutableRawPointer.allocate(
            byteCount: stride * count, alignment: Self.alignment)
        for index in 0..<count {
            let shard = unsafe (base + index * stride).bindMemory(
                to: Guarded<Shard>.self, capacity: 1)
            unsafe shard.initialize(to: Guarded(Shard(seed: seed, arena: arena)))
        }
    }

    deinit {
        for index in 0..<count {
            unsafe (base + index * stride).assumingMemoryBound(to: Guarded<Shard>.self)
                .deinitialize(count: 1)
        }
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
        let shard = unsafe (base + index &* stride).assumingMemoryBound(to: Guarded<Shard>.self)
        return unsafe shard.pointee.withLock { body(&$0) }
    }

    /// Runs `body` under its lock on the shard that a key of this hash lives in.
    @inline(__always)
    borrowing func withShard<Result: Sendable>(
        of hash: UInt64, _ body: (inout Shard) -> Result
    ) -> Result {
        withShard(at: index(of: hash), body)
    }
}
