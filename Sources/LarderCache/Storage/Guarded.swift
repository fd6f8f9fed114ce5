internal import CProcessor
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A value behind a lock that is held for a short while only.
///
/// Taking a free lock is one atomic operation, letting go one plain store. Who finds it held waits
/// awake, because whoever holds it is done sooner than a sleep would be.
@safe
struct Guarded<Value: ~Copyable & Sendable>: ~Copyable, Sendable {
    // A lock that sleeps hands itself over through the system's scheduler once two threads have
    // met, and stays at that pace while both keep coming. Here the one that has it goes on while
    // the other pauses, so a hot lock moves between processors seldom. At most one thread waits
    // awake; those behind it sleep, and its turns end with giving the processor away, so that a
    // holder who lost the processor gets it back.

    /// Where the value begins, behind the lock: both lie together, on cache lines of their own.
    private static var valueStart: Int { 16 }
    private static var alignment: Int { 128 }
    /// Pauses between two looks at a held lock: at first, and at most.
    private static var pausesMin: Int { 32 }
    private static var pausesMax: Int { 512 }
    /// Looks before the processor is given away.
    private static var looksPerTurn: Int { 64 }

    private nonisolated(unsafe) let memory: UnsafeMutableRawPointer
    private let queue = Mutex<Void>(())

    init(_ value: consuming Value) {
        precondition(MemoryLayout<Value>.alignment <= Self.valueStart, "the value is aligned")
        unsafe memory = UnsafeMutableRawPointer.allocate(
            byteCount: Self.valueStart + MemoryLayout<Value>.size, alignment: Self.alignment)
        unsafe memory.bindMemory(to: Atomic<Bool>.self, capacity: 1).initialize(to: Atomic(false))
        unsafe (memory + Self.valueStart).bindMemory(to: Value.self, capacity: 1)
            .initialize(to: value)
    }

    deinit {
        unsafe value.deinitialize(count: 1)
        unsafe isHeld.deinitialize(count: 1)
        unsafe memory.deallocate()
    }

    // Two pointers and not one to a struct of both: whoever has the lock changes the value, and
    // nobody may look at a struct of which a part is changed.
    @unsafe
    private var isHeld: UnsafeMutablePointer<Atomic<Bool>> {
        @inline(__always)
        get { unsafe memory.assumingMemoryBound(to: Atomic<Bool>.self) }
    }

    @unsafe
    private var value: UnsafeMutablePointer<Value> {
        @inline(__always)
        get { unsafe (memory + Self.valueStart).assumingMemoryBound(to: Value.self) }
    }

    /// Runs `body` on the value while no one else can.
    @inline(__always)
    borrowing func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        if !tryLock() { wait() }
        defer { unlock() }
        let value = unsafe value
        return unsafe body(&value.pointee)
    }

    /// As `withLock`, unless someone else holds the lock: then `body` is not run.
    @inline(__always)
    borrowing func withLockIfFree(_ body: (inout Value) -> Void) {
        guard tryLock() else { return }
        defer { unlock() }
        let value = unsafe value
        unsafe body(&value.pointee)
    }

    /// Asks for lock and value, to be changed soon.
    @inline(__always)
    borrowing func prefetch() {
        var offset = 0
        while offset < Self.valueStart + MemoryLayout<Value>.size {
            unsafe processor_prefetch_to_write(memory + offset)
            offset += 64
        }
    }

    @inline(__always)
    private borrowing func tryLock() -> Bool {
        unsafe isHeld.pointee.compareExchange(
            expected: false, desired: true, successOrdering: .acquiring, failureOrdering: .relaxed
        ).exchanged
    }

    @inline(__always)
    private borrowing func unlock() {
        unsafe isHeld.pointee.store(false, ordering: .releasing)
    }

    /// Takes the lock, sooner or later.
    @inline(never)
    private borrowing func wait() {
        queue.withLock { _ in
            var pauses = Self.pausesMin
            var looks = 0
            while true {
                for _ in 0..<pauses { processor_pause() }
                let isFree = unsafe !isHeld.pointee.load(ordering: .relaxed)
                if isFree && tryLock() { return }
                pauses = min(pauses * 2, Self.pausesMax)
                looks += 1
                if looks % Self.looksPerTurn == 0 { sched_yield() }
            }
        }
    }
}
