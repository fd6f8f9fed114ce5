internal import CProcessor

/// The lanes, each behind its own lock, which is taken after the policy's and before a shard's or
/// the arena's.
@safe
struct LaneArray: ~Copyable, Sendable {
    private static let countMax = 16

    private nonisolated(unsafe) let base: UnsafeMutablePointer<Guarded<Lane>>
    let count: Int

    /// Lanes for so many threads that write at the same time: a power of two, and all closed.
    init(writers: Int, arena: borrowing EntryArena) {
        var count = 1
        while count < min(writers, Self.countMax) { count *= 2 }
        self.count = count
        unsafe base = .allocate(capacity: count)
        for index in 0..<count {
            unsafe (base + index).initialize(to: Guarded(Lane(arena)))
        }
    }

    deinit {
        unsafe base.deinitialize(count: count)
        unsafe base.deallocate()
    }

    /// The lane of the processor that this runs on.
    @inline(__always)
    var current: Int {
        count == 1 ? 0 : Int(processor_number()) & (count - 1)
    }

    /// Runs `body` on the lane at `index` under its lock.
    @inline(__always)
    borrowing func withLane<Result: Sendable>(
        at index: Int, _ body: (inout Lane) -> Result
    ) -> Result {
        precondition(index >= 0 && index < count, "a lane lies within the array")
        return unsafe base[index].withLock { body(&$0) }
    }

    /// Runs `body` on one lane after the other.
    borrowing func forEach(_ body: (inout Lane) -> Void) {
        for index in 0..<count { withLane(at: index) { body(&$0) } }
    }
}
