/// One stream of one session: its HTTP/2 number and its place in the session's slab.
///
/// `slot` is dense and reused, so that a caller keeps what it knows of a stream in an array beside
/// the session. A reference to a stream that is gone is harmless: every operation ignores it.
package struct StreamRef: Hashable, Sendable {
    package let id: Int32
    package let slot: Int32

    package init(id: Int32, slot: Int32) {
        self.id = id
        self.slot = slot
    }
}

/// What happened, in order. Recorded while bytes are received or drained, taken by `nextEvent()`.
package enum SessionEvent: Sendable {
    /// A request (server) or a final response (client) header list.
    case headers(StreamRef, HeaderRange, endOfStream: Bool)
    /// The header list after the body; it always ends the peer's side.
    case trailers(StreamRef, HeaderRange)
    /// A header list over its bounds; its fields are gone. If it ended the peer's side,
    /// `.endOfStream` follows.
    case headersTooLarge(StreamRef)
    /// Body bytes, as a range of the span given to `receive`. `flowBytes` is what `consume` has to
    /// give back in time; padding is given back by itself.
    case data(StreamRef, Range<Int>, flowBytes: Int, endOfStream: Bool)
    /// The peer's side ended and no data event of the same `receive` could carry it.
    case endOfStream(StreamRef)
    /// RST_STREAM from the peer; `.closed` follows.
    case reset(StreamRef, code: UInt32)
    /// The last event of a stream, on every path. Its slot is free once this was taken.
    case closed(StreamRef, code: UInt32)
    /// The unsent body fell under `bodyLowWaterBytes`, or is empty: time to send more.
    case bodyLow(StreamRef)
    case goAway(lastStreamID: Int32, code: UInt32)
    case settingsReceived
    case settingsAcknowledged
    case pingAcknowledged(opaque: UInt64)
}
