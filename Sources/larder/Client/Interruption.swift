import Dispatch

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What a command does when it is told to end in the middle of its work: it tidies up, and the
/// signal has the effect that it would have had.
struct Interruption {
    private let sources: [any DispatchSourceSignal]

    /// Waits for SIGINT, SIGTERM and SIGHUP, but for those that the caller wants ignored (`nohup`).
    init(_ tidyUp: @escaping @Sendable () -> Void) {
        sources = [SIGINT, SIGTERM, SIGHUP].filter { !Self.isIgnored($0) }.map { number in
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler {
                tidyUp()
                Self.end(by: number)
            }
            source.activate()
            return source
        }
    }

    /// The work is done: nothing is left to tidy up.
    func end() {
        for source in sources { source.cancel() }
    }

    /// Whether a signal does nothing to this process.
    static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard unsafe sigaction(number, nil, &action) == 0 else { return false }
        #if canImport(Glibc)
        let handler = unsafe action.__sigaction_handler.sa_handler
        #else
        let handler = unsafe action.__sigaction_u.__sa_handler
        #endif
        return unsafe unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Ends the process as the signal would have by itself.
    static func end(by number: Int32) -> Never {
        signal(number, SIG_DFL)
        var one = sigset_t()
        unsafe sigemptyset(&one)
        unsafe sigaddset(&one, number)
        unsafe pthread_sigmask(SIG_UNBLOCK, &one, nil)
        raise(number)
        // What a shell says of a process that a signal has ended.
        _exit(128 + number)
    }
}
