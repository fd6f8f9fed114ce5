package import LarderHTTP2

/// Every bound of one connection: what a peer may send, hold open and leave lying.
///
/// What all peers together may make the server hold is in `Limits` of LarderService; what one
/// request may say, too. docs/operations.md has them in one table.
package struct ConnectionLimits: Sendable {
    /// What HTTP/2 itself bounds: streams, windows, header lists, frames that do nothing.
    package var session = SessionOptions()
    /// How long it may stand still, and how long it may last.
    package var times = ConnectionTimes()
    /// Control frames and header lists that wait: with more than one read of the worst kind can
    /// leave behind, the connection is ended.
    package var outboundFramesCeiling = 10_000

    package init() {}
}

// Those that nobody has a reason to choose.
extension ConnectionLimits {
    /// Control frames and header lists that may wait while the socket takes nothing; with more, the
    /// connection is not read.
    static let outboundFramesMax = 1_000
    /// Body bytes of all calls that may wait likewise, copied or where they lie.
    static let pendingBodyBytesMax = 4 << 20
    /// Bytes of all answers that are not read, but for large values; with more, calls are refused.
    static let unreadBytesMax = 8 << 20
    /// What an open call takes while it waits, and what the place for one takes.
    static let openCallBytes = 1_280
    static let callPlaceBytes = 512
    /// A buffer is so many times as long as what is left of it, at most.
    static let bufferSlack = 2
    /// Without a byte from the peer, until what was kept for more calls is let go.
    static let restNanos: UInt64 = 2_000_000_000
    /// Less than this is not worth telling the process about, and a change by less neither: every
    /// connection may hold so much, and is served as long as it does.
    static let toldBytesMin = 64 << 10
    /// Of one answer, while the process holds all that it may.
    static let crowdedAnswerBytesMax = 32 << 10
    /// How long requests wait before they ask again for the room that other connections have.
    static let uploadWaitMillis: UInt64 = 10
    /// How often in one go the output, about 1 MiB, is filled and written. A peer that reads as fast
    /// as the server writes would keep its loop to itself.
    static let flushRoundsMax = 8
    /// What one call may have unsent. A client that asks on without reading loses the call.
    static let pendingCallBytesMax = 16 << 20
    /// How much of a request that is no gRPC call is awaited before it is answered all the same.
    static let plainBodyBytesMax = 64 << 10
    /// Between the two GOAWAYs of a drain, if the peer does not answer the PING that tells a round
    /// trip has passed.
    static let goAwayDelayMillis: UInt64 = 1_000
}
