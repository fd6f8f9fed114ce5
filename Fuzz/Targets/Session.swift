// A server's HTTP/2 session: bytes in, events out, simple answers, and a drain at the end.
// Input: see `SessionScript`.

import LarderHTTP2

@c(LLVMFuzzerTestOneInput)
func oneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = unsafe FuzzInput(start, count)
    let script = SessionScript(&input)
    do {
        var run = SessionRun(script)
        run.play()
    }
    precondition(
        unsafe LentBytes.aliveCount == 0, "bytes that were lent are let go with the session")
    return 0
}

/// What is done with a stream, chosen by the input.
private enum Answer: UInt8, CaseIterable {
    case atHeaders, atEnd, echo, lentBody, headersOnly, reset, withoutTrailers, never
}

private let okHeaders = HeaderBlock.everlasting([
    (":status", "200"), ("content-type", "application/grpc"),
])
private let okTrailers = HeaderBlock.everlasting([("grpc-status", "0")])
private let refusal = HeaderBlock([(":status", "200"), ("grpc-status", "12")])

private struct SessionRun: ~Copyable {
    private static let drainsMax = 100_000

    private struct Stream {
        let ref: StreamRef
        let answer: Answer
        var hasEnded = false
        var isAnswered = false
        var unconsumed: [Int] = []
    }

    private let script: SessionScript
    private let options: SessionOptions
    private var session: ServerSession
    private var streams: [Int32: Stream] = [:]
    private var beginnings = 0
    private var frames = FrameCounter()

    init(_ script: SessionScript) {
        self.script = script
        var options = SessionOptions()
        options.maxConcurrentStreams = 8
        options.connectionWindowBytes = 1 << 17
        options.initialWindowBytes = 1 << 16
        options.maxHeaderListBytes = 1024
        options.maxHeaderFields = 16
        options.bodyLowWaterBytes = 1024
        options.streamResetBurst = 10
        options.maxSettings = 8
        options.maxOutboundAcks = 20
        options.maxContinuations = 2
        self.options = options
        session = ServerSession(options: options)
    }

    mutating func play() {
        for piece in script.pieces {
            guard receive(piece) else { return }
            guard drain() else { return }
        }
        session.submitShutdownNotice()
        session.ping(opaque: 7)
        guard drain() else { return }
        session.submitGoAway(code: 0)
        guard drain() else { return }
        checkCounts()
        session.terminate(code: 2)
        guard drain() else { return }
        precondition(session.isFinished, "after the last GOAWAY the session is finished")
        checkCounts()
    }

    /// False: the connection is of no more use.
    private mutating func receive(_ piece: [UInt8]) -> Bool {
        do throws(HTTP2Error) {
            try session.receive(piece.span)
        } catch {
            takeEvents(piece)
            _ = drain()
            return false
        }
        takeEvents(piece)
        return true
    }

    private mutating func drain() -> Bool {
        var drains = 0
        var isMoving = true
        while isMoving {
            var written: [UInt8] = []
            var calls = 0
            let isStingy = script.isStingy
            do throws(HTTP2Error) {
                try session.drain { bytes, owner in
                    calls += 1
                    for index in bytes.indices { written.append(bytes[index]) }
                    if let owner { precondition(owner is LentBytes, "an owner is who lent") }
                    return !isStingy
                }
            } catch {
                takeEvents([])
                return false
            }
            frames.count(written)
            takeEvents([])
            isMoving = !written.isEmpty
            drains += 1
            precondition(drains < Self.drainsMax, "output comes to an end")
        }
        precondition(frames.isBetweenFrames, "a drained session has said whole frames")
        return true
    }

    private func checkCounts() {
        precondition(session.openStreamCount == session.usedSlotCount, "every slot has a stream")
        // A stream is told of once its header list is whole.
        precondition(streams.count <= session.openStreamCount, "what is closed was told of")
        precondition(session.openStreamCount <= options.maxConcurrentStreams, "the bound holds")
        precondition(session.pendingBodyBytes >= 0, "bodies are counted down to nothing")
        if session.openStreamCount == 0 {
            precondition(session.pendingBodyBytes == 0, "bodies go with their streams")
        }
    }

    // MARK: Events

    private mutating func takeEvents(_ piece: [UInt8]) {
        while let event = session.nextEvent() {
            switch event {
            case .headers(let ref, let range, let endOfStream):
                checkFields(range)
                begin(ref)
                if endOfStream { ended(ref) }
            case .trailers(let ref, let range):
                checkFields(range)
                ended(ref)
            case .headersTooLarge(let ref):
                if streams[ref.slot] == nil { begin(ref) }
                session.respondHeadersOnly(ref, headers: refusal)
                streams[ref.slot]?.isAnswered = true
            case .data(let ref, let range, let flowBytes, let endOfStream):
                received(ref, Array(piece[range]), flowBytes)
                if endOfStream { ended(ref) }
            case .endOfStream(let ref): ended(ref)
            case .reset(let ref, _): check(ref)
            case .closed(let ref, _):
                check(ref)
                streams[ref.slot] = nil
                // What is gone is ignored.
                session.consume(ref, 1)
                session.send(ref, [1].span)
            case .bodyLow(let ref): bodyLow(ref)
            case .goAway, .settingsReceived, .settingsAcknowledged, .pingAcknowledged: break
            }
        }
    }

    private func check(_ ref: StreamRef) {
        precondition(streams[ref.slot]?.ref == ref, "a stream's first event is its headers")
    }

    private func checkFields(_ range: HeaderRange) {
        let fields = session.fields(range)
        precondition(fields.count <= options.maxHeaderFields, "the bound on fields holds")
        var total = 0
        for index in 0..<fields.count {
            total += fields.name(index).count + fields.value(index).count + 32
        }
        precondition(total <= options.maxHeaderListBytes, "the bound on a header list holds")
    }

    private mutating func begin(_ ref: StreamRef) {
        precondition(streams[ref.slot] == nil, "a slot is free before it is used again")
        let choice = Int(script.answers[beginnings % script.answers.count])
        let answer = Answer.allCases[choice % Answer.allCases.count]
        beginnings += 1
        streams[ref.slot] = Stream(ref: ref, answer: answer)
        switch answer {
        case .atHeaders: respond(ref)
        case .echo: session.startResponse(ref, headers: okHeaders)
        case .lentBody:
            session.startResponse(ref, headers: okHeaders)
            session.send(ref, referencing: LentBytes(choice * 500))
        case .headersOnly:
            session.respondHeadersOnly(ref, headers: refusal)
            streams[ref.slot]?.isAnswered = true
        case .reset: session.reset(ref, code: 8)
        case .atEnd, .withoutTrailers, .never: break
        }
    }

    private mutating func received(_ ref: StreamRef, _ bytes: [UInt8], _ flowBytes: Int) {
        check(ref)
        precondition(bytes.count <= flowBytes, "the window has room for the bytes")
        if script.consumesLate {
            streams[ref.slot]?.unconsumed.append(flowBytes)
        } else {
            session.consume(ref, flowBytes)
        }
        guard let stream = streams[ref.slot], stream.answer == .echo, !stream.isAnswered else {
            return
        }
        session.send(ref, bytes.span)
    }

    private mutating func ended(_ ref: StreamRef) {
        check(ref)
        guard let stream = streams[ref.slot] else { return }
        precondition(!stream.hasEnded, "a peer's side ends once")
        streams[ref.slot]?.hasEnded = true
        for flowBytes in stream.unconsumed { session.consume(ref, flowBytes) }
        if stream.isAnswered { return }
        switch stream.answer {
        case .atEnd: respond(ref)
        case .echo:
            session.finish(ref, trailers: okTrailers)
            streams[ref.slot]?.isAnswered = true
        case .withoutTrailers:
            session.startResponse(ref, headers: okHeaders)
            session.send(ref, [1, 2, 3].span)
            session.endBody(ref)
            streams[ref.slot]?.isAnswered = true
        case .atHeaders, .lentBody, .headersOnly, .reset, .never: break
        }
    }

    private mutating func bodyLow(_ ref: StreamRef) {
        guard let stream = streams[ref.slot], stream.ref == ref, !stream.isAnswered else { return }
        guard stream.answer == .lentBody else { return }
        session.send(ref, referencing: LentBytes(10))
        session.finish(ref, trailers: okTrailers)
        streams[ref.slot]?.isAnswered = true
    }

    private mutating func respond(_ ref: StreamRef) {
        session.respond(
            ref, headers: okHeaders, body: [0, 0, 0, 0, 2, 8, 1].span, tail: LentBytes(300),
            trailers: okTrailers)
        streams[ref.slot]?.isAnswered = true
    }
}

/// Bytes that are sent from where they lie, counted while they are alive.
@safe
private final class LentBytes: OutgoingBytes {
    nonisolated(unsafe) static var aliveCount = 0

    // Never changes after `init`, and goes with the object.
    private let storage: UnsafeMutableBufferPointer<UInt8>

    init(_ count: Int) {
        unsafe storage = .allocate(capacity: count)
        unsafe storage.initialize(repeating: 0x5A)
        unsafe Self.aliveCount += 1
    }

    deinit {
        unsafe storage.deallocate()
        unsafe Self.aliveCount -= 1
    }

    var bytes: Span<UInt8> {
        @_lifetime(borrow self) get {
            let span = unsafe Span(_unsafeElements: UnsafeBufferPointer(storage))
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}
