package import Logging

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Log lines on standard error, each with one `write`, without a lock and without waiting twice.
///
/// A line that the system refuses is lost: the log never holds up what it reports on.
package struct StandardErrorLog: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let line: LogLine

    package init(label: String, format: LogFormat, level: Logger.Level) {
        line = LogLine(format: format, label: label)
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        Self.write(
            line.bytes(
                at: Self.now(), level: event.level, message: event.message.description,
                metadata: allMetadata(of: event)))
    }

    // What is said closest to the event wins.
    private func allMetadata(of event: LogEvent) -> Logger.Metadata {
        var all = metadata
        if let provided = metadataProvider?.get() {
            all.merge(provided) { _, newer in newer }
        }
        if let error = event.error {
            all["error"] = .string("\(error)")
        }
        if let explicit = event.metadata {
            all.merge(explicit) { _, newer in newer }
        }
        return all
    }

    private static func now() -> Timestamp {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_REALTIME, &time) == 0 else {
            return Timestamp(unixMillis: 0)
        }
        let millis =
            UInt64(clamping: time.tv_sec) &* 1_000 &+ UInt64(clamping: time.tv_nsec / 1_000_000)
        return Timestamp(unixMillis: millis)
    }

    private static func write(_ bytes: [UInt8]) {
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
