import LarderGRPC
import LarderHTTP2

/// A client of the simulation: a session, its calls, and the bytes that are on their way to it.
final class SimulatedClient {
    private static let cancelCode: UInt32 = 8

    private var session: ClientSession
    private(set) var calls: [SimulatedCall] = []
    private var callsByStream: [StreamRef: SimulatedCall] = [:]
    private var callsByID: [Int32: SimulatedCall] = [:]
    /// Bytes on their way to the server.
    var outgoing: [UInt8] = []
    /// Bytes on their way from it.
    var incoming: [UInt8] = []
    /// Whether what is received is given back to the windows.
    var isConsuming = true {
        didSet { if isConsuming { consumeAll() } }
    }
    private var unconsumed: [(StreamRef, Int)] = []
    private(set) var hasHeardGoAway = false

    init(_ options: SessionOptions) { session = ClientSession(options: options) }

    var openCalls: [SimulatedCall] { calls.filter { $0.stream != nil && !$0.heard.isClosed } }

    func call(id: Int32) -> SimulatedCall? { callsByID[id] }

    // MARK: Calls

    /// Begins the call; false: the session opens no more.
    func begin(_ call: SimulatedCall) -> Bool {
        let fields = RequestFields(
            path: call.path, authority: "simulation", timeoutNanos: call.timeoutNanos
        ).fields
        guard let stream = session.open(headers: fields, endOfStream: false) else { return false }
        call.stream = stream
        calls.append(call)
        callsByStream[stream] = call
        callsByID[stream.id] = call
        return true
    }

    /// Begins a call that nobody will end.
    func beginAndForget(_ call: SimulatedCall) {
        guard begin(call) else { return }
        calls.removeLast()
    }

    /// Sends so many more bytes of the body.
    func send(_ call: SimulatedCall, bytes: Int) {
        guard let stream = call.stream, !call.isEnded, !call.heard.isClosed else { return }
        let end = call.sentBytes + min(bytes, call.body.count - call.sentBytes)
        if end > call.sentBytes {
            let piece = Array(call.body[call.sentBytes..<end])
            session.send(stream, piece.span)
            call.sentBytes = end
        }
    }

    /// Ends the body, all of which has been sent.
    func end(_ call: SimulatedCall) {
        guard let stream = call.stream, !call.isEnded, call.sentBytes == call.body.count else {
            return
        }
        call.isEnded = true
        session.endBody(stream)
    }

    func cancel(_ call: SimulatedCall) {
        guard let stream = call.stream, !call.heard.isClosed else { return }
        call.isCancelled = true
        session.reset(stream, code: Self.cancelCode)
    }

    // MARK: Bytes

    /// Moves what the session has to say to `outgoing`.
    func flush() throws(HTTP2Error) {
        var bytes: [UInt8] = []
        try session.drain { span, _ in
            for index in span.indices { bytes.append(span[index]) }
            return true
        }
        outgoing += bytes
        hear([])
    }

    /// Takes so many of the bytes that have come.
    func receive(bytes count: Int) throws {
        let piece = Array(incoming.prefix(count))
        incoming.removeFirst(piece.count)
        try session.receive(piece.span)
        try hearChecked(piece)
        try flush()
    }

    private var fault: Violation?

    private func hearChecked(_ input: [UInt8]) throws {
        hear(input)
        if let fault { throw fault }
    }

    private func hear(_ input: [UInt8]) {
        while let event = session.nextEvent() {
            switch event {
            case .headers(let stream, let range, let isEnded):
                record(range, of: stream, isEnded: isEnded)
            case .trailers(let stream, let range): record(range, of: stream, isEnded: true)
            case .data(let stream, let range, let flowBytes, let isEnded):
                if let call = callsByStream[stream] {
                    call.heard.body += input[range]
                    if isEnded { call.heard.isEnded = true }
                }
                if isConsuming {
                    session.consume(stream, flowBytes)
                } else {
                    unconsumed.append((stream, flowBytes))
                }
            case .endOfStream(let stream): callsByStream[stream]?.heard.isEnded = true
            case .reset(let stream, let code): callsByStream[stream]?.heard.resetCode = code
            case .closed(let stream, _): callsByStream[stream]?.heard.isClosed = true
            case .goAway: hasHeardGoAway = true
            case .headersTooLarge(let stream):
                fault = Violation("stream \(stream.id): an answer's fields are too many")
            case .bodyLow, .settingsReceived, .settingsAcknowledged, .pingAcknowledged: break
            }
        }
    }

    private func record(_ range: HeaderRange, of stream: StreamRef, isEnded: Bool) {
        guard let call = callsByStream[stream] else {
            fault = Violation("stream \(stream.id): an answer to a call that was not made")
            return
        }
        let list = session.fields(range)
        for index in 0..<list.count {
            call.heard.result.record(name: list.name(index), value: list.value(index))
            if Self.isStatus(list.name(index)) { call.heard.statusCount += 1 }
        }
        call.heard.result.headersEnded(endOfStream: isEnded)
        if isEnded { call.heard.isEnded = true }
        if call.heard.statusCount > 1 {
            fault = Violation("call \(call.number): more than one status")
        }
    }

    private static func isStatus(_ name: Span<UInt8>) -> Bool {
        let status = Array("grpc-status".utf8)
        guard name.count == status.count else { return false }
        for index in name.indices where name[index] != status[index] { return false }
        return true
    }

    private func consumeAll() {
        for (stream, bytes) in unconsumed { session.consume(stream, bytes) }
        unconsumed = []
    }
}
