/// A call that takes or gives more than one message: a state machine that is told what happened
/// and says what to send.
///
/// It does no I/O, reads no clock and is used from one thread at a time.  A call that has set
/// `Reply.status` is over and is told nothing more.
package protocol StreamingCall: AnyObject {
    /// The call cannot take more until it was `writable`: the peer should stop sending.
    var isPaused: Bool { get }

    /// The bytes of messages that it keeps until it can work on them.
    var heldBytes: Int { get }

    /// A message came.  `sentAll`: nothing that this call said is still unsent.
    func received(
        _ message: Span<UInt8>, nowNanos: UInt64, sentAll: Bool, reply: inout Reply)

    /// The message that comes next was compressed.
    func receivesCompressed()

    /// The peer has no more messages.
    func halfClosed(nowNanos: UInt64, sentAll: Bool, reply: inout Reply)

    /// What was said has gone: there is room for more.
    func writable(nowNanos: UInt64, reply: inout Reply)

    /// Something outside the call has changed.
    func woken(nowNanos: UInt64, reply: inout Reply)

    /// The call is over without an end of its own: the peer, the deadline or the connection
    /// ended it.
    func cancelled()

    /// What the call has changed so far, for the status of an end that is not its own.
    var applied: [(key: String, value: String)] { get }
}

extension StreamingCall {
    package var applied: [(key: String, value: String)] { [] }
}

extension StreamingCall {
    package func receivesCompressed() {}
    package var isPaused: Bool { false }
    package var heldBytes: Int { 0 }
}

/// Answers a streaming method that this version does not serve.
final class RefusedCall: StreamingCall {
    private let refusal: Refusal

    init(_ refusal: Refusal) { self.refusal = refusal }

    func received(_ message: Span<UInt8>, nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        reply.status = refusal.status
    }

    func halfClosed(nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        reply.status = refusal.status
    }

    func writable(nowNanos: UInt64, reply: inout Reply) {}
    func woken(nowNanos: UInt64, reply: inout Reply) {}
    func cancelled() {}
}
