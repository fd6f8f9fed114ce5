// A client's HTTP/2 session and what it makes of a server's bytes: events, a status, messages.
// Input: see `SessionScript`; of its answers, the first tells how many calls are made before anything
// is heard, the second which of them are given up on the way.

import LarderGRPC
import LarderHTTP2
import LarderProtocol

@c(LLVMFuzzerTestOneInput)
func oneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = unsafe FuzzInput(start, count)
    let script = SessionScript(&input)
    var run = ClientRun(script)
    run.play()
    return 0
}

private struct ClientRun: ~Copyable {
    private static let drainsMax = 100_000
    private static let callsMax = 9
    private static let messageBytesMax: UInt32 = 20_000

    private struct Call {
        let ref: StreamRef
        var result = CallResult()
        var body: [UInt8] = []
        var hasEnded = false
        var unconsumed: [Int] = []
    }

    private let script: SessionScript
    private var session: ClientSession
    private var calls: [Int32: Call] = [:]
    private var pieceCount = 0

    init(_ script: SessionScript) {
        self.script = script
        var options = SessionOptions()
        options.connectionWindowBytes = 1 << 17
        options.initialWindowBytes = 1 << 16
        options.maxHeaderListBytes = 1024
        options.maxHeaderFields = 16
        options.bodyLowWaterBytes = 1024
        options.maxSettings = 8
        options.maxOutboundAcks = 20
        options.maxContinuations = 2
        session = ClientSession(options: options)
    }

    mutating func play() {
        for _ in 0...(Int(script.answers[0]) % Self.callsMax) { begin() }
        guard drain() else { return }
        // A server says SETTINGS where a client says its preface.
        let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8).count
        let isPrefaced = script.flags & SessionScript.withPreface != 0
        var skipped = isPrefaced ? preface : 0
        for piece in script.pieces {
            let heard = Array(piece.dropFirst(skipped))
            skipped -= min(skipped, piece.count)
            guard receive(heard), drain() else { return }
            giveUp()
        }
        session.terminate(code: 0)
        guard drain() else { return }
        precondition(session.isFinished, "after the last GOAWAY the session is finished")
    }

    private mutating func begin() {
        let fields = RequestFields(
            path: "/larder.v1.CacheService/Get", authority: "localhost", timeoutNanos: 5_000)
        guard
            let ref = session.open(
                headers: fields.fields, body: [0, 0, 0, 0, 1, 7].span,
                endOfStream: calls.count % 2 == 0)
        else { return }
        precondition(calls[ref.slot] == nil, "a slot is free before it is used again")
        calls[ref.slot] = Call(ref: ref)
    }

    private mutating func giveUp() {
        pieceCount += 1
        guard script.answers[1] & 1 != 0, pieceCount % 7 == 3, let call = calls.values.first else {
            return
        }
        session.reset(call.ref, code: 8)
        begin()
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
            var writtenBytes = 0
            let isStingy = script.isStingy
            do throws(HTTP2Error) {
                try session.drain { bytes, _ in
                    writtenBytes += bytes.count
                    return !isStingy
                }
            } catch {
                takeEvents([])
                return false
            }
            takeEvents([])
            isMoving = writtenBytes > 0
            drains += 1
            precondition(drains < Self.drainsMax, "output comes to an end")
        }
        return true
    }

    // MARK: Events

    private mutating func takeEvents(_ piece: [UInt8]) {
        while let event = session.nextEvent() {
            switch event {
            case .headers(let ref, let range, let isEnded): record(ref, range, isEnded: isEnded)
            case .trailers(let ref, let range): record(ref, range, isEnded: true)
            case .data(let ref, let range, let flowBytes, let isEnded):
                received(ref, Array(piece[range]), flowBytes)
                if isEnded { ended(ref) }
            case .endOfStream(let ref): ended(ref)
            case .headersTooLarge(let ref), .bodyLow(let ref): check(ref)
            case .reset(let ref, _): check(ref)
            case .closed(let ref, let code):
                check(ref)
                if let call = calls.removeValue(forKey: ref.slot) {
                    decode(call.body)
                    let status = call.result.status(resetCode: code == 0 ? nil : code)
                    _ = try? RPCStatus(decoding: status.detailsBytes.span)
                    precondition(
                        status.message.utf8.count <= 4 * CallResult.messageBytesMax,
                        "a status says no more than is read of it")
                }
                // What is gone is ignored.
                session.consume(ref, 1)
                session.send(ref, [1].span)
            case .goAway, .settingsReceived, .settingsAcknowledged, .pingAcknowledged: break
            }
        }
    }

    private func check(_ ref: StreamRef) {
        precondition(calls[ref.slot]?.ref == ref, "events are of streams that were opened")
    }

    private mutating func record(_ ref: StreamRef, _ range: HeaderRange, isEnded: Bool) {
        check(ref)
        guard var call = calls[ref.slot] else { return }
        let fields = session.fields(range)
        for index in 0..<fields.count {
            call.result.record(name: fields.name(index), value: fields.value(index))
        }
        call.result.headersEnded(endOfStream: isEnded)
        calls[ref.slot] = call
        if isEnded { ended(ref) }
    }

    private mutating func received(_ ref: StreamRef, _ bytes: [UInt8], _ flowBytes: Int) {
        check(ref)
        precondition(bytes.count <= flowBytes, "the window has room for the bytes")
        guard var call = calls[ref.slot] else { return }
        precondition(!call.hasEnded, "nothing comes after the end")
        if script.consumesLate {
            call.unconsumed.append(flowBytes)
        } else {
            session.consume(ref, flowBytes)
        }
        call.body += bytes
        calls[ref.slot] = call
    }

    private mutating func ended(_ ref: StreamRef) {
        check(ref)
        precondition(calls[ref.slot]?.hasEnded == false, "a peer's side ends once")
        calls[ref.slot]?.hasEnded = true
        for flowBytes in calls[ref.slot]?.unconsumed ?? [] { session.consume(ref, flowBytes) }
    }

    /// The messages of an answer, as far as they make sense.
    private func decode(_ body: [UInt8]) {
        var messages = MessageDeframer(messageBytesMax: Self.messageBytesMax)
        var offset = 0
        while let message = try? messages.next(body.span, at: &offset) {
            guard case .inChunk(let range) = message else { return }
            _ = try? GetResponse(decoding: body.span.extracting(range))
        }
    }
}
