/// What a peer may send, and make us send, besides calls and their answers.
///
/// Each bound is a bucket that allows a burst and a rate, so that a client that is merely busy never
/// meets it. nghttp2 1.52 has one of them itself, for the resets that a peer sends; those that a
/// peer provokes (CVE-2025-8671), and frames that do nothing, it does not count.
struct FrameBudget: Sendable {
    /// Idle frames that a request pays for: window updates and PINGs that go with its answer.
    private static let idleFramesPerRequest: UInt64 = 10
    /// Bytes of answers that pay for one more.
    private static let bytesPerIdleFrame: UInt64 = 1024
    /// A SETTINGS frame may walk over all streams.
    private static let settingsCost: UInt64 = 10

    private let refusedStreamsMax: UInt64
    private let pingIntervalNanos: UInt64
    private let pingStrikesMax: UInt64
    private var resetsReceived: TokenBucket
    private var resetsSent: TokenBucket
    private var idleFrames: TokenBucket
    private var pingStrikes: UInt64 = 0
    private var pingAtNanos: UInt64?
    /// Frames of answers that were sent up to the last PING.
    private var sentAtPing: UInt64 = 0
    private var seen = SessionCounters()

    init(_ options: SessionOptions) {
        refusedStreamsMax = UInt64(clamping: options.refusedStreamsMax)
        pingIntervalNanos = options.pingIntervalNanos
        pingStrikesMax = UInt64(clamping: options.pingStrikesMax)
        resetsReceived = TokenBucket(
            burst: options.streamResetBurst, perSecond: options.streamResetsPerSecond)
        resetsSent = TokenBucket(
            burst: options.streamResetBurst, perSecond: options.streamResetsPerSecond)
        idleFrames = TokenBucket(
            burst: options.idleFrameBurst, perSecond: options.idleFramesPerSecond)
    }

    /// The `budgetedCount` up to which everything is paid for.
    var seenCount: UInt64 { seen.budgetedCount }

    /// Spends what has happened since the last check.
    ///
    /// - Returns: what was over its bound; the first one of several.
    mutating func check(_ counters: SessionCounters, nowNanos: UInt64) -> Overspending? {
        let before = seen
        seen = counters
        if !resetsReceived.spend(
            counters.resetsReceived - before.resetsReceived, nowNanos: nowNanos)
        {
            return .resetsReceived
        }
        if counters.streamsRefused > refusedStreamsMax { return .refusedStreams }
        let provoked = Self.provokedResets(counters) - Self.provokedResets(before)
        if !resetsSent.spend(provoked, nowNanos: nowNanos) { return .resetsSent }
        let pings = Self.pings(counters) - Self.pings(before)
        if pings > 0, isTooMany(pings, counters, nowNanos: nowNanos) { return .pings }
        let requests = counters.streamsOpened - before.streamsOpened
        let bytes = counters.bodyBytesSent - before.bodyBytesSent
        idleFrames.refund(requests * Self.idleFramesPerRequest + bytes / Self.bytesPerIdleFrame)
        let settings = counters.settingsReceived - before.settingsReceived
        let idle =
            counters.idleFramesReceived - before.idleFramesReceived
            + settings * (Self.settingsCost - 1)
        return idleFrames.spend(idle, nowNanos: nowNanos) ? nil : .idleFrames
    }

    private static func pings(_ counters: SessionCounters) -> UInt64 {
        counters.pingsReceived - counters.pingAcknowledgementsReceived
    }

    // An answer before the end of its request is no fault, and its reset none either.
    private static func provokedResets(_ counters: SessionCounters) -> UInt64 {
        counters.resetsSent - counters.earlyAnswerResetsSent
    }

    // As gRPC's servers do (proposal A8), who let a client ping early once it was sent something.
    private mutating func isTooMany(
        _ pings: UInt64, _ counters: SessionCounters, nowNanos: UInt64
    ) -> Bool {
        guard pingIntervalNanos > 0 else { return false }
        let sent = counters.headersSent + counters.dataSent
        let wasSentAnything = sent != sentAtPing
        sentAtPing = sent
        if wasSentAnything { pingStrikes = 0 }
        let isEarly = pingAtNanos.map { nowNanos < $0 || nowNanos - $0 < pingIntervalNanos }
        pingAtNanos = nowNanos
        pingStrikes += wasSentAnything || isEarly != true ? pings - 1 : pings
        return pingStrikes > pingStrikesMax
    }
}

/// What a peer has done beyond its `FrameBudget`.
package enum Overspending: Sendable, Equatable {
    /// It resets what it opens.
    case resetsReceived
    /// It makes us reset what it opens.
    case resetsSent
    /// It opens streams over the number allowed and does not acknowledge that number.
    case refusedStreams
    /// It pings for no reason.
    case pings
    /// It sends frames that carry nothing forward.
    case idleFrames

    /// What GOAWAY tells of it; clients of gRPC know `too_many_pings` and ping less after it.
    package var debug: String {
        switch self {
        case .resetsReceived: "too_many_resets"
        case .resetsSent: "too_many_stream_errors"
        case .refusedStreams: "too_many_streams"
        case .pings: "too_many_pings"
        case .idleFrames: "too_many_frames"
        }
    }
}

/// Codes of RFC 9113 that a server ends connections with.
package enum GoAwayCode {
    package static let settingsTimeout: UInt32 = 4
    package static let enhanceYourCalm: UInt32 = 11
}
