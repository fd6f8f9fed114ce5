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
        unsafe bytes.withUnsafeBytes { buffer in
            #if canImport(Glibc)
            _ = unsafe Glibc.write(STDERR_FILENO, buffer.baseAddress, buffer.count)
            #elseif canImport(Musl)
            _ = unsafe Musl.write(STDERR_FILENO, buffer.baseAddress, buffer.count)
            #else
            _ = unsafe Darwin.write(STDERR_FILENO, buffer.baseAddress, buffer.count)
            #endif
        }
    }
}
