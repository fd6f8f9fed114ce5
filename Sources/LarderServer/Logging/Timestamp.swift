#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A moment in UTC to the millisecond, as log lines carry it.
package struct Timestamp: Sendable, Equatable {
    /// Since 1970-01-01T00:00:00Z.
    package var unixMillis: UInt64

    package init(unixMillis: UInt64) {
        self.unixMillis = unixMillis
    }

    /// This moment.
    static func now() -> Timestamp {
        Timestamp(unixMillis: Clock.unixNanos() / 1_000_000)
    }

    /// Appends `2026-11-22T10:00:00.123Z`.
    package func append(to line: inout [UInt8]) {
        var seconds = time_t(unixMillis / 1_000)
        var date = unsafe tm()
        var text = [CChar](repeating: 0, count: 32)
        _ = unsafe gmtime_r(&seconds, &date)
        let count = unsafe strftime(&text, text.count, "%Y-%m-%dT%H:%M:%S", &date)
        line.append(contentsOf: text[..<count].lazy.map(UInt8.init(bitPattern:)))
        let millis = "\(1_000 + unixMillis % 1_000)".dropFirst()
        line.append(contentsOf: ".\(millis)Z".utf8)
    }
}
