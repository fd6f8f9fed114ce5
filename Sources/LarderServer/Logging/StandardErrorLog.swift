package import Logging
import Synchronization

/// Log lines on standard error, each with one `write`.
///
/// A line that the system refuses, or that would wait for the reader of a pipe, is lost: no such
/// reader holds up what the log reports on. The next line that comes through counts the lost ones.
package struct StandardErrorLog: LogHandler {
    package var logLevel: Logger.Level {
        get { shared.level }
        set { shared = SharedLogLevel(newValue) }
    }
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let line: LogLine
    private var shared: SharedLogLevel

    package init(label: String, format: LogFormat, level: Logger.Level) {
        self.init(label: label, format: format, following: SharedLogLevel(level))
    }

    /// Logs what `level` says at the time, until a level is set for this log alone.
    package init(label: String, format: LogFormat, following level: SharedLogLevel) {
        line = LogLine(format: format, label: label)
        shared = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var metadata = allMetadata(of: event)
        Self.lostLines.withLock { lost in
            if lost > 0 { metadata["lost_lines"] = "\(lost)" }
            let bytes = line.bytes(
                at: .now(), level: event.level, message: event.message.description,
                metadata: metadata)
            lost = StandardError.offer(bytes) ? 0 : lost + 1
        }
    }

    /// Since the last line that came through. The lock keeps a line from taking the room that was
    /// found for another.
    private static let lostLines = Mutex<UInt64>(0)

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
}
