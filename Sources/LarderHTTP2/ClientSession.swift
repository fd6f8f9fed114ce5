/// The client's side of one HTTP/2 connection. Used like `ServerSession`, with requests for answers.
@safe
package struct ClientSession: ~Copyable {
    private let core: SessionCore

    /// Queues the preface, SETTINGS and the connection's window at once.
    package init(options: SessionOptions = SessionOptions()) {
        core = SessionCore(options: options, isServer: false)
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
        let fields = unsafe core.state.pointee.headers.fields(range)
        return unsafe _overrideLifetime(fields, borrowing: self)
    }

    /// Gives `flowBytes` of received data back to the peer's windows. See `ServerSession.consume`.
    package mutating func consume(_ stream: StreamRef, _ flowBytes: Int) {
        core.consume(stream, flowBytes)
    }

    // MARK: requests

    /// Begins a request. Nil: the session opens no more streams (GOAWAY, a failure, or too many).
    ///
    /// `body` is copied; more may follow with `send` unless `endOfStream` says that the request ends
    /// with it (or with the headers, if it is empty). Over the peer's limit of concurrent streams a
    /// request waits its turn in the session.
    package mutating func open(
        headers: HeaderBlock, body: Span<UInt8> = Span(), endOfStream: Bool
    ) -> StreamRef? {
        core.open(headers: headers, body: body, endOfStream: endOfStream)
    }

    package mutating func open(
        headers: [(name: String, value: String)], body: Span<UInt8> = Span(), endOfStream: Bool
    ) -> StreamRef? {
        core.open(headers: HeaderBlock(headers), body: body, endOfStream: endOfStream)
    }

    /// Queues body bytes, copied.
    package mutating func send(_ stream: StreamRef, _ bytes: Span<UInt8>) {
        core.send(stream, copying: bytes)
    }

    /// Queues body bytes where they lie; `tail` is retained until they are with the output.
    package mutating func send(_ stream: StreamRef, referencing tail: any OutgoingBytes) {
        core.send(stream, referencing: tail)
    }

    /// Ends the request after what is queued.
    package mutating func endBody(_ stream: StreamRef) { core.endBody(stream) }

    /// Ends the request with trailers after what is queued.
    package mutating func finish(_ stream: StreamRef, trailers: HeaderBlock) {
        core.finish(stream, trailers: trailers)
    }

    /// Body bytes that are queued and not with the output yet.
    package func pendingBytes(_ stream: StreamRef) -> Int { core.pendingBytes(stream) }

    /// Ends both sides of a stream; what is queued for it is let go.
    package mutating func reset(_ stream: StreamRef, code: UInt32) {
        core.reset(stream, code: code)
    }

    // MARK: the connection

    /// Serialises frames until none is left or `emit` answers false. See `ServerSession.drain`.
    package mutating func drain(_ emit: @escaping Emit) throws(HTTP2Error) {
        try core.drain(emit)
    }

    package mutating func submitGoAway(code: UInt32, debug: String = "") {
        core.submitGoAway(code: code, debug: debug)
    }

    /// GOAWAY and nothing after it. Once it is drained, nothing is read any more.
    package mutating func terminate(code: UInt32) { core.terminate(code: code) }

    package mutating func ping(opaque: UInt64) { core.ping(opaque: opaque) }

    package var wantsRead: Bool { core.wantsRead }
    package var wantsWrite: Bool { core.wantsWrite }

    /// Nothing more will be read or written: the connection can be closed.
    package var isFinished: Bool { !core.wantsRead && !core.wantsWrite }

    /// Streams that the peer allows at once; `UInt32.max` until its SETTINGS came.
    package var peerMaxConcurrentStreams: UInt32 { core.peerMaxConcurrentStreams }

    /// The code of a GOAWAY with an error that was sent.
    package var terminationCode: UInt32? { unsafe core.state.pointee.terminationCode }

    package var openStreamCount: Int { unsafe core.state.pointee.openStreamCount }

    /// Open streams and those whose closed event waits to be taken.
    package var usedSlotCount: Int { unsafe core.state.pointee.streams.usedCount }

    /// Control frames and header lists that wait to be serialised.
    package var outboundQueueCount: Int { core.outboundQueueCount }

    /// Body bytes queued on all streams.
    package var pendingBodyBytes: Int { unsafe core.state.pointee.pendingBodyBytes }

    package var counters: SessionCounters { unsafe core.state.pointee.counters }
}
