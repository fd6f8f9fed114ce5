#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Standard error, to which a line is written at once or not at all.
package enum StandardError {
    /// Writes `bytes` with one call; what the system refuses is lost.
    package static func write(_ bytes: [UInt8]) {
        _ = systemWrite(bytes)
    }

    /// Writes `bytes`, at most what a pipe takes in one piece, unless that would wait for the reader
    /// of a pipe.
    ///
    /// - Returns: whether all were taken. Who calls this from two threads at once may wait.
    static func offer(_ bytes: [UInt8]) -> Bool {
        _ = isBrokenPipeIgnored
        var place = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard unsafe poll(&place, 1, 0) > 0 else { return false }
        return systemWrite(bytes) == bytes.count
    }

    // A reader that has gone would end the process.
    private static let isBrokenPipeIgnored: Bool = {
        signal(SIGPIPE, SIG_IGN)
        return true
    }()
}

// Inside the type `write` would name its own.
private func systemWrite(_ bytes: [UInt8]) -> Int {
    unsafe write(STDERR_FILENO, bytes, bytes.count)
}
