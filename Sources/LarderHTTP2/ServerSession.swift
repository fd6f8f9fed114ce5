/// The server's side of one HTTP/2 connection: bytes in, events out; answers in, bytes out.
///
/// Knows no sockets and no time. The order of use, once per read: `receive`, then `nextEvent` until
/// nil, then `drain`, then `nextEvent` again for what the draining closed. Events are to be taken
/// before the next `receive`: data events point into the span of theirs.
///
/// What the peer does wrong ends in RST_STREAM or GOAWAY, which nghttp2 queues by itself; only what
/// cannot be answered is thrown, and then the session is of no more use.
@safe
package struct ServerSession: ~Copyable {
    private let core: SessionCore

    /// Queues SETTINGS and the connection's window at once.
    ///
    /// Sessions of one thread may share `memory`; without one, all is the system's.
    package init(options: SessionOptions = SessionOptions(), memory: SessionMemory? = nil) {
        core = SessionCore(options: options, isServer: true, memory: memory)
    }

    // MARK: receiving

    /// Takes all of `bytes`, however they are torn, and records what they say.
    package mutating func receive(_ bytes: Span<UInt8>) throws(HTTP2Error) {
        try core.receive(bytes)
    }

    package mutating func nextEvent() -> SessionEvent? { core.nextEvent() }

    /// A header list that an event told of, until the next `receive`.
    @_lifetime(borrow self)
    package func fields(_ range: HeaderRange) -> HeaderFields {
        if range.learnt > 0 {
            let fields = unsafe core.state.pointee.memo.fields(range)
            return unsafe _overrideLifetime(fields, borrowing: self)
        }
        let fields = unsafe core.state.pointee.headers.fields(range)
        return unsafe _overrideLifetime(fields, borrowing: self)
    }

    /// Gives `flowBytes` of received data back to the peer's windows, so that it may send more.
    ///
    /// Bytes of a stream that are never given back return to the connection's window when its
    /// closed event is taken; to a stream that is gone there is nothing to give.
    package mutating func consume(_ stream: StreamRef, _ flowBytes: Int) {
        core.consume(stream, flowBytes)
    }

    /// Gives received data back to the connection's window, but not to the stream's: the peer may
    /// send more on others, and on this one when `release` is called.
    package mutating func withhold(_ stream: StreamRef, _ flowBytes: Int) {
        core.withhold(stream, flowBytes)
    }

    /// Gives the stream's window back what was withheld.
    package mutating func release(_ stream: StreamRef) { core.release(stream) }

    // MARK: answers
    //
    // An answer that is complete before the request has ended is followed by RST_STREAM(NO_ERROR),
    // and what the peer sends meanwhile is dropped and given back.

    /// The common answer in one call: headers, `body` (copied), `tail` (by reference), trailers.
    package mutating func respond(
        _ stream: StreamRef, headers: HeaderBlock, body: Span<UInt8>,
        tail: (any OutgoingBytes)? = nil, trailers: HeaderBlock
    ) {
        core.respond(stream, headers: headers, body: body, tail: tail, trailers: trailers)
    }

    /// An answer of one header list that ends the stream.
    package mutating func respondHeadersOnly(_ stream: StreamRef, headers: HeaderBlock) {
        core.respondHeadersOnly(stream, headers: headers)
    }

    /// Begins an answer whose body comes bit by bit and ends with `finish` or `endBody`.
    package mutating func startResponse(_ stream: StreamRef, headers: HeaderBlock) {
        core.startResponse(stream, headers: headers)
    }

    /// Queues body bytes, copied.
    package mutating func send(_ stream: StreamRef, _ bytes: Span<UInt8>) {
        core.send(stream, copying: bytes)
    }

    /// Queues body bytes where they lie; `tail` is retained until they are with the output.
    package mutating func send(_ stream: StreamRef, referencing tail: any OutgoingBytes) {
        core.send(stream, referencing: tail)
    }

    /// Ends the body; the trailers follow what is queued.
    package mutating func finish(_ stream: StreamRef, trailers: HeaderBlock) {
        core.finish(stream, trailers: trailers)
    }

    /// Lets go of what is queued for the body, so that trailers need not wait until it is read. A
    /// frame that was begun keeps the rest as well.
    package mutating func dropBody(_ stream: StreamRef) { core.dropBody(stream) }

    /// Ends the stream with the body, without trailers.
    package mutating func endBody(_ stream: StreamRef) { core.endBody(stream) }

    /// Body bytes that are queued and not with the output yet.
    package func pendingBytes(_ stream: StreamRef) -> Int { core.pendingBytes(stream) }

    /// Ends both sides of a stream; what is queued for it is let go.
    package mutating func reset(_ stream: StreamRef, code: UInt32) {
        core.reset(stream, code: code)
    }

    // MARK: the connection

    /// Serialises frames until none is left or `emit` answers false.
    ///
    /// `emit` takes all it is given, also when it answers false: that says "enough", and at most
    /// one more frame (16 KiB and its head) may follow. With an `owner` the bytes stay where they
    /// are as long as it lives; without one they have to be copied before `emit` returns.
    package mutating func drain(_ emit: @escaping Emit) throws(HTTP2Error) {
        try core.drain(emit)
    }

    /// GOAWAY that names no last stream: the peer should open no more, those on the way are served.
    package mutating func submitShutdownNotice() { core.submitShutdownNotice() }

    /// GOAWAY with the last stream that was seen. Streams up to that one are served.
    package mutating func submitGoAway(code: UInt32, debug: String = "") {
        core.submitGoAway(code: code, debug: debug)
    }

    package var hasSentGoAway: Bool { counters.goAwaysSent > 0 }

    /// The frame to end the connection with after a receive or a drain has thrown: the session
    /// itself says nothing more. Nothing, if the output may have a part of another frame.
    package func goAway(after error: HTTP2Error) -> [UInt8] { core.goAway(after: error) }

    /// GOAWAY and nothing after it. Once it is drained, nothing is read any more.
    package mutating func terminate(code: UInt32) { core.terminate(code: code) }

    /// GOAWAY with words for whoever looks for the reason, then as `terminate`.
    package mutating func terminate(code: UInt32, debug: String) {
        core.submitGoAway(code: code, debug: debug)
        core.terminate(code: code)
    }

    package mutating func ping(opaque: UInt64) { core.ping(opaque: opaque) }

    /// What the peer has done beyond its budget, if anything: to be asked after every `receive` and
    /// `drain`. The session does not end by itself.
    package mutating func overspending(nowNanos: UInt64) -> Overspending? {
        unsafe core.state.pointee.overspending(nowNanos: nowNanos)
    }

    package var wantsRead: Bool { core.wantsRead }
    package var wantsWrite: Bool { core.wantsWrite }

    /// Nothing more will be read or written: the connection can be closed.
    package var isFinished: Bool { !core.wantsRead && !core.wantsWrite }

    /// The code of a GOAWAY with an error that was sent.
    package var terminationCode: UInt32? { unsafe core.state.pointee.terminationCode }

    package var openStreamCount: Int { unsafe core.state.pointee.openStreamCount }

    /// Open streams and those whose closed event waits to be taken.
    package var usedSlotCount: Int { unsafe core.state.pointee.streams.usedCount }

    /// Streams that there is memory for, whether they are open or not.
    package var slotCount: Int { unsafe core.state.pointee.streams.slotCount }

    /// Lets go of memory for streams that are not open, as far as no open one lies behind it.
    package mutating func trimSlots() { unsafe core.state.pointee.streams.trim() }

    /// Control frames and header lists that wait to be serialised. Stop reading when it is large.
    package var outboundQueueCount: Int { core.outboundQueueCount }

    /// Body bytes queued on all streams.
    package var pendingBodyBytes: Int { unsafe core.state.pointee.pendingBodyBytes }

    /// Those of them that their owners count.
    package var pendingReferencedBytes: Int {
        unsafe core.state.pointee.pendingReferencedBytes
    }

    /// The stream of a header list that has come in part.
    package var openHeaderList: Int32? { unsafe core.state.pointee.openHeaderList }

    /// Lets go of memory that is kept for the next streams and header lists.
    ///
    /// - Returns: whether it could: no stream is open and nothing waits.
    package mutating func rest() -> Bool { core.rest() }

    /// A frame other than DATA has come in part.
    package var isInsideControlFrame: Bool {
        unsafe core.state.pointee.scanner.isInsideControlFrame
    }

    /// How long the slowest stream has taken nothing of its body: between the looks that are made
    /// by calling this.
    package mutating func longestUnreadNanos(nowNanos: UInt64) -> UInt64 {
        unsafe core.state.pointee.longestUnreadNanos(nowNanos: nowNanos)
    }

    /// Streams that nghttp2 did not hear of when they began (`UnheardStreams`).
    package var passedCount: UInt64 { unsafe core.state.pointee.unheard.passedCount }

    package var counters: SessionCounters { unsafe core.state.pointee.counters }
}
