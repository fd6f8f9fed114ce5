import CLibuv
import Synchronization

/// What other threads have for a loop: jobs to run, in the order they came, and the order to stop.
///
/// The C handle is only sent to under the lock and is closed under it, so that a late sender finds
/// the mailbox shut instead of a freed handle.
@safe
final class Mailbox: Sendable {
    typealias Job = @Sendable () -> Void

    struct Post {
        var jobs: [Job] = []
        var isStopRequested = false
    }

    private struct State {
        var post = Post()
        var isOpen = true
    }

    private let state = Mutex(State())
    private nonisolated(unsafe) let async: UnsafeMutablePointer<uv_async_t>

    init(loop: UnsafeMutablePointer<uv_loop_t>) throws(IOError) {
        unsafe async = .allocate(capacity: 1)
        let result = unsafe uv_async_init(loop, async) { handle in
            guard let handle = unsafe handle else { return }
            unsafe LoopCore.of(handle.pointee.loop).collect()
        }
        guard result == 0 else {
            unsafe async.deallocate()
            throw IOError(libuv: result, "make an event loop")
        }
        unsafe async.pointee.data = nil
    }

    deinit {
        unsafe async.deallocate()
    }

    var handle: UnsafeMutablePointer<uv_handle_t> {
        unsafe UnsafeMutableRawPointer(async).assumingMemoryBound(to: uv_handle_t.self)
    }

    var isEmpty: Bool { state.withLock { $0.post.jobs.isEmpty } }

    /// - Returns: false if the loop has gone and the job will never run.
    func submit(_ job: @escaping Job) -> Bool {
        state.withLock { state in
            guard state.isOpen else { return false }
            // One wake-up serves all that is queued.
            if state.post.jobs.isEmpty { unsafe uv_async_send(async) }
            state.post.jobs.append(job)
            return true
        }
    }

    func requestStop() {
        state.withLock { state in
            guard state.isOpen else { return }
            state.post.isStopRequested = true
            unsafe uv_async_send(async)
        }
    }

    func forgetStop() { state.withLock { $0.post.isStopRequested = false } }

    func wake() {
        state.withLock { state in
            if state.isOpen { unsafe uv_async_send(async) }
        }
    }

    func take() -> Post {
        state.withLock { state in
            let post = state.post
            state.post.jobs = []
            return post
        }
    }

    /// On the loop's thread, with a run of the loop to follow.
    func close() {
        state.withLock { state in
            guard state.isOpen else { return }
            state.isOpen = false
            unsafe uv_close(handle, nil)
        }
    }
}
