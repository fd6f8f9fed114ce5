import LarderGRPC
import LarderHTTP2
import LarderIO

/// A connection as the loop sees it: a byte stream joined to a session and its calls. Touched on
/// the loop's thread alone.
final class ClientConnection: ByteStreamDelegate {
    private static let cancelCode: UInt32 = 8

    private let loop: EventLoop
    private let stream: ByteStream
    private var session: ClientSession
    // By the slot of their stream.
    private var calls: [CallStream?] = []
    // Those with bytes that the session holds.
    private var sending: [CallStream] = []
    private var closeReason: String?
    private let connectTimeoutMillis: UInt64
    /// Longer frames mean fewer of them.
    private static let receivedFrameBytesMax = 1 << 20
    // Told once: nil when the server has spoken, else why it has not.
    private var onReady: ((String?) -> Void)?
    private var readyTimer: Timer?
    private var hasHeard = false

    init(loop: EventLoop, stream: ByteStream, options: ChannelOptions) {
        self.loop = loop
        self.stream = stream
        var sessionOptions = SessionOptions()
        sessionOptions.initialWindowBytes = options.callWindowBytes
        sessionOptions.connectionWindowBytes = options.connectionWindowBytes
        sessionOptions.receivedFrameBytesMax = Self.receivedFrameBytesMax
        session = ClientSession(options: sessionOptions)
        connectTimeoutMillis = options.connectTimeoutMillis
    }

    /// Begins to speak, and tells once when calls may come: at once in cleartext, with TLS when
    /// the server's own first words have come, as it may refuse a client after the handshake.
    func start(_ tls: TLSContext?, serverName: String, _ ready: @escaping (String?) -> Void) {
        stream.delegate = self
        guard let tls else {
            stream.start()
            flush()
            return ready(nil)
        }
        do throws(TLSError) {
            try stream.secure(client: tls, serverName: serverName)
        } catch {
            shut(because: error.reason)
            return ready(error.reason)
        }
        onReady = ready
        readyTimer = loop.timer(afterMillis: connectTimeoutMillis) { [weak self] in
            self?.shut(because: "TLS handshake timed out")
        }
        stream.start()
        flush()
    }

    private func tellReady(_ reason: String?) {
        readyTimer?.cancel()
        readyTimer = nil
        guard let tell = onReady else { return }
        onReady = nil
        tell(reason)
    }

    /// Ends every call and closes.
    func close() {
        fail(with: "the channel was closed")
        stream.close()
    }

    // MARK: What calls ask for

    func open(_ call: CallStream, fields: [Field], timeoutNanos: UInt64?) {
        guard !call.hasEnded else { return }
        if let closeReason { return call.end(.failed(.connectionLost(reason: closeReason))) }
        guard let reference = session.open(headers: HeaderBlock(fields), endOfStream: false)
        else {
            let reason = "the server takes no more calls on this connection"
            return call.end(.failed(.connectionLost(reason: reason)))
        }
        call.reference = reference
        put(call, at: Int(reference.slot))
        if let timeoutNanos {
            call.deadline = loop.timer(afterMillis: timeoutNanos / 1_000_000) { [weak self, call] in
                self?.cancel(call, .deadlineExceeded)
            }
        }
        flush()
    }

    func send(_ message: [UInt8], on call: CallStream) {
        guard let reference = call.reference, !call.hasEnded, !call.isHalfClosed else { return }
        let prefix = MessagePrefix.encode(messageBytes: UInt32(message.count))
        session.send(reference, prefix.span)
        session.send(reference, message.span)
        if call.acceptedBytes == 0 || !sending.contains(where: { $0 === call }) {
            sending.append(call)
        }
        call.acceptedBytes += MessagePrefix.byteCount + message.count
        flush()
    }

    func halfClose(_ call: CallStream) {
        guard let reference = call.reference, !call.hasEnded, !call.isHalfClosed else { return }
        call.isHalfClosed = true
        session.endBody(reference)
        flush()
    }

    /// Ends the call here and tells the server to stop.
    func cancel(_ call: CallStream, _ status: Status) {
        guard !call.hasEnded else { return }
        call.end(.failed(.status(status)))
        if let reference = call.reference {
            session.reset(reference, code: Self.cancelCode)
            flush()
        }
    }

    /// Lets the server send so much more.
    func giveBack(_ flowBytes: Int, of call: CallStream) {
        guard closeReason == nil, let reference = call.reference else { return }
        session.consume(reference, flowBytes)
        flush()
    }

    // MARK: What the byte stream tells

    func received(_ bytes: Span<UInt8>) {
        guard closeReason == nil else { return }
        // An alert of TLS.
        if !hasHeard, bytes.count > 1, bytes[0] == 0x15, bytes[1] == 3 {
            return shut(because: "the server speaks TLS only")
        }
        hasHeard = true
        do throws(HTTP2Error) {
            try session.receive(bytes)
        } catch {
            return shut(because: "the server's HTTP/2 is broken: \(error)")
        }
        takeEvents(bytes)
        flush()
    }

    func drained() {
        flush()
    }

    func closed(_ error: IOError?) {
        let end =
            hasHeard
            ? "the server closed the connection"
            : "the server closed the connection without a word: perhaps it wants TLS, or none"
        fail(with: error?.message ?? end)
    }

    // MARK: How it does it

    private func put(_ call: CallStream, at slot: Int) {
        while calls.count <= slot { calls.append(nil) }
        calls[slot] = call
    }

    private func call(of reference: StreamRef) -> CallStream? {
        let slot = Int(reference.slot)
        guard slot < calls.count, let call = calls[slot], call.reference == reference else {
            return nil
        }
        return call
    }

    private func takeEvents(_ bytes: Span<UInt8>) {
        while let event = session.nextEvent() {
            switch event {
            case .headers(let reference, let range, let endOfStream):
                record(range, of: reference)
                guard let call = call(of: reference) else { continue }
                call.result.headersEnded(endOfStream: endOfStream)
                if endOfStream { answered(call, reference) }
            case .trailers(let reference, let range):
                record(range, of: reference)
                if let call = call(of: reference) { answered(call, reference) }
            case .headersTooLarge(let reference):
                guard let call = call(of: reference) else { continue }
                call.end(.failed(.protocolViolation(reason: "the answer's headers are too large")))
                session.reset(reference, code: Self.cancelCode)
            case .data(let reference, let range, let flowBytes, let endOfStream):
                data(bytes.extracting(range), of: reference, flowBytes: flowBytes)
                if endOfStream, let call = call(of: reference) { answered(call, reference) }
            case .endOfStream(let reference):
                if let call = call(of: reference) { answered(call, reference) }
            case .reset(let reference, let code):
                call(of: reference)?.end(resetCode: code)
            case .closed(let reference, let code):
                guard let call = call(of: reference) else { continue }
                call.end(resetCode: code)
                calls[Int(reference.slot)] = nil
                call.reference = nil
            case .settingsReceived: tellReady(nil)
            case .bodyLow, .goAway, .settingsAcknowledged, .pingAcknowledged:
                continue
            }
        }
    }

    private func record(_ range: HeaderRange, of reference: StreamRef) {
        guard let call = call(of: reference) else { return }
        for index in 0..<range.count {
            call.result.record(
                name: session.fields(range).name(index), value: session.fields(range).value(index))
        }
    }

    private func data(_ bytes: Span<UInt8>, of reference: StreamRef, flowBytes: Int) {
        guard let call = call(of: reference), !call.hasEnded else {
            return session.consume(reference, flowBytes)
        }
        do throws(DeframeError) {
            if try call.received(bytes, flowBytes: flowBytes) {
                session.consume(reference, flowBytes)
            }
        } catch {
            call.end(.failed(Self.clientError(error)))
            session.consume(reference, flowBytes)
            session.reset(reference, code: Self.cancelCode)
        }
    }

    private static func clientError(_ error: DeframeError) -> ClientError {
        switch error {
        case .messageTooLarge: .status(Status(error))
        case .compressedWithoutEncoding, .unknownFlag, .truncated:
            .protocolViolation(reason: Status(error).message)
        }
    }

    // The server has said its last on this call.
    private func answered(_ call: CallStream, _ reference: StreamRef) {
        guard !call.isAnswered else { return }
        call.isAnswered = true
        do throws(DeframeError) {
            try call.deframer.endOfStream()
            call.end(resetCode: nil)
        } catch {
            call.end(.failed(Self.clientError(error)))
        }
        if !call.isHalfClosed { session.reset(reference, code: Self.cancelCode) }
    }

    // Frames into the socket until one of the two has enough.
    private func flush() {
        guard closeReason == nil else { return }
        var isFull = true
        while isFull, !stream.isWriting, !stream.isClosed {
            isFull = false
            var isTaken = true
            do throws(HTTP2Error) {
                try session.drain { [self] bytes, owner in
                    isTaken = isTaken && append(bytes, owner)
                    isFull = !stream.output.hasRoom
                    return !isFull
                }
            } catch {
                return shut(because: "the session broke: \(error)")
            }
            guard isTaken else { return shut(because: "the output overflowed") }
            stream.flush()
        }
        takeEvents(Span())
        reportSent()
        if session.isFinished { shut(because: "the server ended the connection") }
    }

    private func append(_ bytes: Span<UInt8>, _ owner: AnyObject?) -> Bool {
        if let owner {
            stream.output.append(referencing: bytes, owner: owner)
        } else {
            stream.output.append(copying: bytes)
        }
    }

    private func reportSent() {
        sending.removeAll { call in
            let pending = call.reference.map { session.pendingBytes($0) } ?? 0
            call.state.gone(bytes: call.acceptedBytes - pending)
            return pending == 0
        }
    }

    private func shut(because reason: String) {
        fail(with: reason)
        stream.close()
    }

    private func fail(with reason: String) {
        guard closeReason == nil else { return }
        closeReason = reason
        for call in calls { call?.end(.failed(.connectionLost(reason: reason))) }
        calls.removeAll()
        sending.removeAll()
        tellReady(reason)
    }
}
