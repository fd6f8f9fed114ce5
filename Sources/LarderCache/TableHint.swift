internal import Synchronization

/// Tells where a shard's tables lie, to those who are about to take its lock.
///
/// It may be older than the tables: what it leads to is asked for and never looked at.
@safe
struct TableHint: Sendable {
    // Once another processor has had a shard, its lock comes from there, and a look-up would
    // learn only then where its slot, its counters and its recent requests lie, which come from
    // memory. This line changes only when a table does, so that all processors keep it, and what
    // it leads to is on its way before the lock is asked for.

    /// The bytes of one: a cache line.
    static let bytes = 64

    private struct Words: ~Copyable {
        let slots = Atomic<UInt>(0)
        let homes = Atomic<UInt>(0)
        let recent = Atomic<UInt>(0)
        let recentShift = Atomic<UInt>(0)
        let counters = Atomic<UInt>(0)
        let blockCount = Atomic<UInt>(0)
        let blockMask = Atomic<UInt>(0)
    }

    private nonisolated(unsafe) let words: UnsafeMutablePointer<Words>

    /// A hint about nothing yet, in `bytes` bytes of memory that outlive it.
    @unsafe
    static func make(in memory: UnsafeMutableRawPointer) -> TableHint {
        precondition(MemoryLayout<Words>.size <= bytes, "a hint is one cache line")
        unsafe memory.bindMemory(to: Words.self, capacity: 1).initialize(to: Words())
        return unsafe TableHint(at: memory)
    }

    /// The hint that was made there.
    @unsafe
    @inline(__always)
    init(at memory: UnsafeMutableRawPointer) {
        unsafe words = memory.assumingMemoryBound(to: Words.self)
    }

    /// Where the tables lay when somebody told it last.
    var places: TablePlaces {
        @inline(__always)
        get {
            unsafe TablePlaces(
                slots: words.pointee.slots.load(ordering: .relaxed),
                homes: words.pointee.homes.load(ordering: .relaxed),
                recent: words.pointee.recent.load(ordering: .relaxed),
                recentShift: words.pointee.recentShift.load(ordering: .relaxed),
                counters: words.pointee.counters.load(ordering: .relaxed),
                blockCount: words.pointee.blockCount.load(ordering: .relaxed),
                blockMask: words.pointee.blockMask.load(ordering: .relaxed))
        }
    }

    /// Tells where they lie from now on. For whoever has the shard's lock.
    @inline(__always)
    func update(_ new: TablePlaces) {
        // Written on change only, or the processors would not keep it.
        guard places != new else { return }
        unsafe words.pointee.slots.store(new.slots, ordering: .relaxed)
        unsafe words.pointee.homes.store(new.homes, ordering: .relaxed)
        unsafe words.pointee.recent.store(new.recent, ordering: .relaxed)
        unsafe words.pointee.recentShift.store(new.recentShift, ordering: .relaxed)
        unsafe words.pointee.counters.store(new.counters, ordering: .relaxed)
        unsafe words.pointee.blockCount.store(new.blockCount, ordering: .relaxed)
        unsafe words.pointee.blockMask.store(new.blockMask, ordering: .relaxed)
    }
}
