#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Standard input, output and error of this process.
enum StandardStreams {
    /// Takes the places of those that are closed, before anything else is opened: what is opened
    /// next would have their numbers, and log lines and results would go to a socket or into a file.
    ///
    /// Each is opened the wrong way round, so that who reads or writes it is told so.
    static func fillClosed() {
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 {
            // The lowest free number is taken, which is this one: those below are open.
            _ = unsafe open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}
