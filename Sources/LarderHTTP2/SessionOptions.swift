/// The bounds of one session. Every one of them is enforced against the peer.
package struct SessionOptions: Sendable {
    /// Streams that a client may have open at once. A client's session keeps a small multiple of it.
    package var maxConcurrentStreams = 1024
    /// How far a peer may send ahead on one stream before bytes are consumed.
    package var initialWindowBytes = 1 << 20
    /// How far a peer may send ahead on all streams together.
    package var connectionWindowBytes = 16 << 20
    /// Bytes of one header list, counted as name + value + 32 a field, as HTTP/2 does.
    package var maxHeaderListBytes = 16 << 10
    /// Fields of one header list.
    package var maxHeaderFields = 100
    /// Under this many unsent body bytes a stream reports `.bodyLow`.
    package var bodyLowWaterBytes = 64 << 10
    /// The longest frame that the peer may send; at least HTTP/2's own 16 KiB.
    package var receivedFrameBytesMax = 16 << 10
    /// The longest DATA frame that we send, to a peer that takes such.
    package var frameBytesMax = 128 << 10
    /// RST_STREAM frames the peer may send at once, and the seconds' allowance after that. It may
    /// make us send as many.
    package var streamResetBurst = 200
    package var streamResetsPerSecond = 20
    /// Frames that carry nothing forward which the peer may send at once, and each second.
    package var idleFrameBurst = 10_000
    package var idleFramesPerSecond = 330
    /// Between two PINGs of a peer that was sent nothing meanwhile; 0: PINGs are not rationed but
    /// as idle frames.
    package var pingIntervalNanos: UInt64 = 5_000_000_000
    /// PINGs that may come too early, until an answer is sent.
    package var pingStrikesMax = 2
    /// Streams over `maxConcurrentStreams` that are refused before the peer has acknowledged that
    /// number; from then on the first ends the connection.
    package var refusedStreamsMax = 100
    /// Entries of one SETTINGS frame.
    package var maxSettings = 32
    /// SETTINGS and PING acknowledgements that may wait for a peer that does not read.
    package var maxOutboundAcks = 1000
    /// CONTINUATION frames of one header block.
    package var maxContinuations = 8

    /// A field without which request lists are known (`HeaderRange.learnt`).
    package var varyingField: VaryingField?

    package init() {}
}
