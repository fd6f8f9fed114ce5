import CLibuv
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A thread for a loop to run on.
@safe
package final class LoopThread: Sendable {
    private struct Start {
        let name: String
        let body: @Sendable () -> Void
    }

    private final class Box {
        let start: Start
        init(_ start: Start) { self.start = start }
    }

    private let thread: Mutex<uv_thread_t?>

    /// Starts a thread that runs `body` and ends with it. `name` is what `top` shows; the system
    /// keeps 15 bytes of it.
    package init(name: String, _ body: @escaping @Sendable () -> Void) throws(IOError) {
        let box = unsafe Unmanaged.passRetained(Box(Start(name: name, body: body)))
        var identifier = uv_thread_t()
        let result = unsafe uv_thread_create(
            &identifier,
            { argument in
                guard let argument = unsafe argument else { return }
                let start = unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().start
                LoopThread.setName(start.name)
                start.body()
            }, box.toOpaque())
        guard result == 0 else {
            unsafe box.release()
            throw IOError(libuv: result, "start a thread")
        }
        thread = Mutex(identifier)
    }

    deinit {
        thread.withLock { thread in
            if let identifier = thread { pthread_detach(identifier) }
        }
    }

    /// Waits for the thread's end. At once from the second time on.
    package func join() {
        let taken = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard var identifier = taken else { return }
        unsafe uv_thread_join(&identifier)
    }

    private static func setName(_ name: String) {
        let short = String(decoding: name.utf8.prefix(15), as: UTF8.self)
        #if canImport(Glibc)
        _ = unsafe pthread_setname_np(pthread_self(), short)
        #else
        _ = unsafe pthread_setname_np(short)
        #endif
    }
}
