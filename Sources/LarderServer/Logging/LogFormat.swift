/// How a log line looks.
package enum LogFormat: String, Sendable, CaseIterable {
    /// `2026-11-22T10:00:00.123Z info  larder: message key=value`
    case text
    /// One JSON object: `ts`, `level`, `label`, `message`, `metadata`.
    case json
}
