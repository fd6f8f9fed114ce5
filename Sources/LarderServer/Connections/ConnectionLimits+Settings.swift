import LarderHTTP2
import LarderService

extension ConnectionLimits {
    /// What an operator has chosen, and the defaults for the rest.
    init(_ settings: Settings) {
        self.init()
        let peers = settings.peers
        session.maxConcurrentStreams = settings.streamsMax
        session.pingIntervalNanos = peers.pingIntervalMillis * nanosPerMilli
        times.handshakeNanos = peers.handshakeMillis * nanosPerMilli
        times.requestNanos = peers.requestMillis * nanosPerMilli
        times.unreadNanos = peers.writeMillis * nanosPerMilli
        times.idleNanos = Self.nanosUnlessZero(peers.idleMillis)
        times.ageNanos = Self.nanosUnlessZero(peers.ageMillis)
        times.ageGraceNanos = peers.ageGraceMillis * nanosPerMilli
        times.keepaliveNanos = Self.nanosUnlessZero(peers.keepaliveMillis)
        times.keepaliveTimeoutNanos = peers.keepaliveTimeoutMillis * nanosPerMilli
    }

    private static func nanosUnlessZero(_ millis: UInt64) -> UInt64? {
        millis == 0 ? nil : millis * nanosPerMilli
    }
}
