/// How long a connection may stand still before it is given up, in nanoseconds.
///
/// They are looked at once a second, so an end comes up to a second late.
package struct ConnectionTimes: Sendable {
    /// From the connection's begin to the client's preface and SETTINGS.
    package var handshakeNanos: UInt64 = 10_000_000_000
    /// From a header list's first frame to its last.
    package var headersNanos: UInt64 = 30_000_000_000
    /// Between two pieces of one request message; the call is ended, not the connection.
    package var requestNanos: UInt64 = 30_000_000_000
    /// For a request whose window is withheld until others have made room.
    package var waitNanos: UInt64 = 120_000_000_000
    /// For a peer that takes nothing of an answer that waits for it.
    package var unreadNanos: UInt64 = 30_000_000_000
    /// Without a call and without a byte from the peer; nil: for ever.
    package var idleNanos: UInt64?

    /// Between two looks at the connections of a loop.
    static let lookMillis: UInt64 = 1_000

    package init() {}
}

/// Something that should move, and since when it has not.
struct Standstill {
    private var mark: UInt64 = 0
    private var sinceNanos: UInt64?

    /// Takes a look: `mark` is anything that changes with progress; nil: there is nothing to do.
    ///
    /// - Returns: whether it has stood still for longer than `maxNanos`.
    mutating func look(_ mark: UInt64?, nowNanos: UInt64, maxNanos: UInt64) -> Bool {
        guard let mark else {
            sinceNanos = nil
            return false
        }
        guard let since = sinceNanos, self.mark == mark else {
            self.mark = mark
            sinceNanos = nowNanos
            return false
        }
        return nowNanos > since && nowNanos - since > maxNanos
    }
}
