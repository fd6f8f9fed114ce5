#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What becomes of a command whose output nobody reads any more, as in `larder get k | head -c 1`.
///
/// It ends by SIGPIPE and says nothing, as others do, unless who started it has that ignored. An
/// event loop ignores it, too, for its sockets.
enum ClosedPipe {
    private static let wasIgnored = Interruption.isIgnored(SIGPIPE)

    /// To be called before there is an event loop.
    static func noteStart() {
        _ = wasIgnored
    }

    /// Ends the process, or returns if its end was not wanted.
    static func end() {
        if !wasIgnored { Interruption.end(by: SIGPIPE) }
    }
}
