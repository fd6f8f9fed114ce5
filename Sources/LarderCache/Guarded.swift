internal import Synchronization

/// A value behind a lock.
///
/// A `Mutex`, and where `THREAD_SANITIZER` is defined an atomic beside it: the sanitizer does not
/// see the waiting path of `Mutex` on Linux (it lies in a library without instrumentation) and
/// would report a race wherever a thread had to wait.
struct Guarded<Value: ~Copyable & Sendable>: ~Copyable, Sendable {
    private let mutex: Mutex<Value>
    #if THREAD_SANITIZER
    private let fence = Atomic<UInt8>(0)
    #endif

    init(_ value: consuming Value) {
        mutex = Mutex(value)
    }

    /// Runs `body` on the value while no one else can.
    @inline(__always)
    borrowing func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        mutex.withLock { value in
            #if THREAD_SANITIZER
            _ = fence.load(ordering: .acquiring)
            defer { fence.store(1, ordering: .releasing) }
            #endif
            return body(&value)
        }
    }

    /// As `withLock`, unless someone else holds the lock: then `body` is not run.
    @inline(__always)
    borrowing func withLockIfFree(_ body: (inout Value) -> Void) {
        _ = mutex.withLockIfAvailable { value in
            #if THREAD_SANITIZER
            _ = fence.load(ordering: .acquiring)
            defer { fence.store(1, ordering: .releasing) }
            #endif
            body(&value)
        }
    }
}
