import CLibuv
import Synchronization

/// What a loop's handles share: the C loop, its clock, the receive buffer and the output blocks.
///
/// `EventLoop` is what users hold. Handles hold this part of it, so that a stream that somebody
/// keeps does not keep the loop from ending.
@safe
final class LoopCore {
    static let receiveBytes = 256 * 1024
    /// How often `closeAll` looks for handles that a closing callback has opened.
    private static let closingRoundsMax = 64

    let loop: UnsafeMutablePointer<uv_loop_t>
    let receiveBuffer: UnsafeMutablePointer<CChar>
    let blocks = OutputBlockPool()
    /// What secured streams decrypt into.
    lazy var plaintext = TLSBuffer()
    let mailbox: Mailbox
    private let turnMark: UnsafeMutablePointer<uv_prepare_t>
    private(set) var isRunning = false
    private(set) var isEnding = false
    private var runningThread: uv_thread_t?
    private var deferred: [() -> Void] = []
    private var resolving: [ObjectIdentifier: ConnectAttempt] = [:]

    // The clock is read when somebody asks for the time, once a turn: `turnMark` runs right before
    // the loop waits, and what was read before the wait is old after it.
    private var nanos: UInt64 = 0
    private var isNanosFresh = false

    init() throws(IOError) {
        let loop = UnsafeMutablePointer<uv_loop_t>.allocate(capacity: 1)
        let result = unsafe uv_loop_init(loop)
        guard result == 0 else {
            unsafe loop.deallocate()
            throw IOError(libuv: result, "make an event loop")
        }
        let mailbox: Mailbox
        do throws(IOError) {
            mailbox = unsafe try Mailbox(loop: loop)
        } catch {
            unsafe uv_loop_close(loop)
            unsafe loop.deallocate()
            throw error
        }
        unsafe self.loop = loop
        self.mailbox = mailbox
        unsafe receiveBuffer = UnsafeMutableRawPointer.allocate(
            byteCount: Self.receiveBytes, alignment: 64
        ).bindMemory(to: CChar.self, capacity: Self.receiveBytes)
        unsafe turnMark = .allocate(capacity: 1)
        unsafe loop.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        unsafe uv_prepare_init(loop, turnMark)
        unsafe turnMark.pointee.data = nil
        unsafe uv_prepare_start(turnMark) { handle in
            guard let handle = unsafe handle else { return }
            unsafe LoopCore.of(handle.pointee.loop).isNanosFresh = false
        }
    }

    deinit {
        // The handles are closed by `end`; a handle that is open would have kept this object alive.
        let result = unsafe uv_loop_close(loop)
        precondition(result == 0, "a loop is freed after its last handle")
        unsafe loop.deallocate()
        unsafe turnMark.deallocate()
        unsafe receiveBuffer.deallocate()
    }

    @inline(__always)
    static func of(_ loop: UnsafeMutablePointer<uv_loop_t>) -> LoopCore {
        unsafe Unmanaged<LoopCore>.fromOpaque(loop.pointee.data).takeUnretainedValue()
    }

    // MARK: Turns

    func run() {
        precondition(!isRunning, "a loop does not run inside itself")
        isRunning = true
        runningThread = uv_thread_self()
        isNanosFresh = false
        unsafe uv_run(loop, UV_RUN_DEFAULT)
        runningThread = nil
        isRunning = false
        mailbox.forgetStop()
    }

    /// Whether the caller may touch the loop's handles. For assertions.
    var isHere: Bool {
        guard let runningThread else { return true }
        var mine = uv_thread_self()
        var loops = runningThread
        return unsafe uv_thread_equal(&mine, &loops) != 0
    }

    var nowNanos: UInt64 {
        if isNanosFresh, isRunning { return nanos }
        return refreshNanos()
    }

    @discardableResult
    func refreshNanos() -> UInt64 {
        nanos = uv_hrtime()
        isNanosFresh = true
        return nanos
    }

    /// Runs `body` on the loop, after the call that asks for it has returned.
    func later(_ body: @escaping () -> Void) {
        deferred.append(body)
        mailbox.wake()
    }

    /// The mailbox rang: jobs of other threads, deferred calls, or the order to stop.
    func collect() {
        let post = mailbox.take()
        for job in post.jobs { job() }
        let calls = deferred
        deferred.removeAll(keepingCapacity: true)
        for call in calls { call() }
        if post.isStopRequested { unsafe uv_stop(loop) }
    }

    // MARK: The end

    func keep(_ attempt: ConnectAttempt) { resolving[ObjectIdentifier(attempt)] = attempt }
    func forget(_ attempt: ConnectAttempt) { resolving[ObjectIdentifier(attempt)] = nil }

    /// Closes every handle and runs their last callbacks. Jobs that were submitted run first.
    func closeAll() {
        precondition(!isRunning, "a loop is closed after it has stopped")
        isRunning = true
        isEnding = true
        isNanosFresh = false
        unsafe uv_unref(mailbox.handle)
        unsafe turnMark.withMemoryRebound(to: uv_handle_t.self, capacity: 1) {
            unsafe uv_unref($0)
        }
        for _ in 0..<Self.closingRoundsMax {
            collect()
            for attempt in resolving.values { attempt.loopIsEnding() }
            unsafe uv_walk(
                loop,
                { handle, _ in
                    // The loop's own two handles have no owner.
                    guard let handle = unsafe handle, unsafe handle.pointee.data != nil else {
                        return
                    }
                    unsafe Handle.owner(of: handle, as: Handle.self).loopIsEnding()
                }, nil)
            // A stop that was left over ends a run early: hence rounds.
            unsafe uv_run(loop, UV_RUN_DEFAULT)
            if unsafe uv_loop_alive(loop) == 0, deferred.isEmpty, mailbox.isEmpty { break }
        }
        unsafe uv_ref(mailbox.handle)
        isRunning = false
        isEnding = false
        mailbox.forgetStop()
    }

    /// As `closeAll`, and closes the loop's own handles too. Nothing works afterwards.
    func end() {
        closeAll()
        mailbox.close()
        unsafe turnMark.withMemoryRebound(to: uv_handle_t.self, capacity: 1) {
            unsafe uv_close($0, nil)
        }
        unsafe uv_run(loop, UV_RUN_DEFAULT)
        let rest = mailbox.take()
        _ = rest
        deferred.removeAll()
    }
}
