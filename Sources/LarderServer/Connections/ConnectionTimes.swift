/// How long a connection may stand still before it is given up, in nanoseconds.
///
/// They are looked at once a second, so an end comes up to a second late.
package struct ConnectionTimes: Sendable {
    private static let second: UInt64 = 1_000_000_000

    /// From the connection's begin to the client's preface and SETTINGS, and from those to its
    /// acknowledgement of ours.
    package var handshakeNanos = 10 * second
    /// From a header list's first frame to its last, and from a control frame's first byte to its
    /// last.
    package var headersNanos = 10 * second
    /// In this time a request message is whole, or `requestBytesPerSecondMin` of it have come; else
    /// the call is ended, not the connection.
    package var requestNanos = 30 * second
    package var requestBytesPerSecondMin: UInt64 = 1_024
    /// For a request whose window is withheld until others have made room.
    package var waitNanos = 120 * second
    /// In this time a peer takes something of each answer that waits for it, and
    /// `unreadBytesPerSecondMin` of all.
    package var unreadNanos = 30 * second
    package var unreadBytesPerSecondMin: UInt64 = 256
    /// Without a call; nil: for ever.
    package var idleNanos: UInt64?
    /// Until the client is asked to go; nil: for ever. Spread by a tenth, so that clients which came
    /// together do not go together.
    package var ageNanos: UInt64?
    /// For running calls, after that.
    package var ageGraceNanos = 30 * second
    /// Without a byte from a peer with open calls, until it is asked for a sign of life; nil: never.
    package var keepaliveNanos: UInt64? = 7_200 * second
    /// For that sign.
    package var keepaliveTimeoutNanos = 20 * second

    /// Between two looks at the connections of a loop.
    static let lookMillis: UInt64 = 1_000
    /// Without a byte either way, until the system asks whether the peer's machine is still there.
    static let probeSeconds: UInt32 = 120
    /// What the system waits for an acknowledgement beyond `unreadNanos`: we are to be the first to
    /// see that a peer does not read.
    static let unacknowledgedNanos = 10 * second

    package init() {}

    /// At least one, so that no rate can be met by standing still.
    static func bytes(perSecond: UInt64, in nanos: UInt64) -> UInt64 {
        max(1, perSecond * (nanos / second))
    }
}

/// Something that should move, and since when it has not.
struct Standstill {
    private var mark: UInt64 = 0
    private var sinceNanos: UInt64?

    /// Takes a look: `mark` grows, or changes, with progress; nil: there is nothing to do.
    ///
    /// - Returns: whether it has moved by less than `stepMin` for longer than `maxNanos`.
    mutating func look(
        _ mark: UInt64?, nowNanos: UInt64, maxNanos: UInt64, stepMin: UInt64 = 1
    ) -> Bool {
        guard let mark else {
            sinceNanos = nil
            return false
        }
        guard let since = sinceNanos, mark &- self.mark < stepMin else {
            self.mark = mark
            sinceNanos = nowNanos
            return false
        }
        return nowNanos > since && nowNanos - since > maxNanos
    }
}
