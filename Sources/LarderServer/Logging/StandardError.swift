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
        systemWrite(bytes)
    }
}

// Inside the type `write` would name its own.
private func systemWrite(_ bytes: [UInt8]) {
    _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
}
