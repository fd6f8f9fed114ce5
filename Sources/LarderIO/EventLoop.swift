import CLibuv

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// One thread's loop: it waits for sockets, timers, signals and other threads, and calls back.
///
/// Everything made on a loop belongs to it: streams, listeners and timers are touched from the
/// loop's thread alone (before `run`, from the thread that sets them up). `submit` and `stop` are
/// the two calls that any thread may make. Dropping a loop closes all that is open on it: every
/// stream's `closed` comes before the loop is gone. A callback that holds the loop keeps it from
/// being dropped; `closeAll` lets go of all callbacks.
// Unchecked: other threads reach the mailbox only, which has a lock; the rest asserts its thread.
@safe
package final class EventLoop: @unchecked Sendable {
    let core: LoopCore

    // libuv writes without MSG_NOSIGNAL: a peer that has gone would end the process.
    private static let isBrokenPipeIgnored: Bool = {
        signal(SIGPIPE, SIG_IGN)
        return true
    }()

    package init() throws(IOError) {
        precondition(Self.isBrokenPipeIgnored)
        core = try LoopCore()
    }

    deinit {
        core.end()
    }

    /// Runs until `stop`. May be called again afterwards, from any one thread.
    package func run() {
        core.run()
    }

    /// Ends `run` after the current turn; a loop that does not run yet ends at its first.
    ///
    /// - Note: Any thread may call this.
    package func stop() {
        core.mailbox.requestStop()
    }

    /// Runs `job` on the loop. Jobs of one thread run in the order they were submitted.
    ///
    /// The queue has no bound of its own: whoever submits on a peer's behalf bounds that.
    ///
    /// - Note: Any thread may call this.
    /// - Returns: false if the loop has ended and the job will never run.
    @discardableResult
    package func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        core.mailbox.submit(job)
    }

    /// Monotonic nanoseconds, read once per turn of the loop; outside `run`, at every call.
    package var nowNanos: UInt64 { core.nowNanos }

    /// Whether the caller is on the thread that runs this loop. True for all while it does not run.
    package var isHere: Bool { core.isHere }

    /// Calls `body` after `afterMillis`, never earlier, and every `repeatMillis` if that is not 0.
    ///
    /// The loop keeps the timer: the result is only needed to cancel or restart it.
    @discardableResult
    package func timer(
        afterMillis: UInt64, repeatMillis: UInt64 = 0, _ body: @escaping () -> Void
    ) -> Timer {
        Timer(core, afterMillis: afterMillis, repeatMillis: repeatMillis, body)
    }

    /// Closes every stream, listener and timer and waits for their `closed`.
    ///
    /// Jobs that were submitted before run first. The loop is empty then, and may run again.
    package func closeAll() {
        core.closeAll()
    }
}

/// A value that belongs to a loop, in a box that a job for that loop may carry across threads.
@safe
package struct LoopBound<Value>: @unchecked Sendable {
    private let loop: EventLoop
    private let stored: Value

    package init(_ value: Value, on loop: EventLoop) {
        self.loop = loop
        stored = value
    }

    package var value: Value {
        precondition(loop.isHere, "a loop's values are touched on its thread")
        return stored
    }
}
