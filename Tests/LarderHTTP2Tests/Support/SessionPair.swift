import LarderHTTP2

/// An event with what it pointed to, copied out.
enum Seen: Equatable {
    case headers(StreamRef, [String], end: Bool)
    case trailers(StreamRef, [String])
    case headersTooLarge(StreamRef)
    case data(StreamRef, [UInt8], end: Bool)
    case end(StreamRef)
    case reset(StreamRef, UInt32)
    case closed(StreamRef, UInt32)
    case bodyLow(StreamRef)
    case goAway(Int32, UInt32)
    case settings, settingsAcknowledged
    case ping(UInt64)
}

/// A client's and a server's session joined by two byte buffers, read in pieces of `chunkBytes`.
struct SessionPair: ~Copyable {
    var client: ClientSession
    var server: ServerSession
    /// The most that one `receive` gets.
    var chunkBytes: Int
    /// The output says "enough" after every piece it is given.
    var isStingy = false
    /// Give back what was received at once.
    var serverConsumes = true
    var clientConsumes = true
    /// Keep the client's bytes for a later replay.
    var recorded: [UInt8] = []

    var serverSaw: [Seen] = []
    var clientSaw: [Seen] = []

    init(
        chunkBytes: Int = .max, client: SessionOptions = SessionOptions(),
        server: SessionOptions = SessionOptions(), memory: SessionMemory? = nil
    ) {
        self.client = ClientSession(options: client)
        self.server = ServerSession(options: server, memory: memory)
        self.chunkBytes = chunkBytes
    }

    /// Carries bytes both ways until both sides are silent, answering with `answer`.
    mutating func run(_ answer: (inout ServerSession, Seen) -> Void = { _, _ in }) throws {
        var isMoving = true
        while isMoving {
            isMoving = try clientToServer(answer)
            isMoving = try serverToClient(answer) || isMoving
        }
    }

    /// Answers whether anything was carried.
    mutating func clientToServer(
        _ answer: (inout ServerSession, Seen) -> Void = { _, _ in }
    ) throws -> Bool {
        let bytes = try clientOutput()
        recorded += bytes
        try serverReceive(bytes, answer)
        return !bytes.isEmpty
    }

    mutating func serverToClient(
        _ answer: (inout ServerSession, Seen) -> Void = { _, _ in }
    ) throws -> Bool {
        let bytes = try serverOutput()
        takeServerEvents([], answer)
        try clientReceive(bytes)
        return !bytes.isEmpty
    }

    mutating func clientReceive(_ bytes: [UInt8]) throws {
        for piece in pieces(bytes) {
            try client.receive(piece.span)
            takeClientEvents(piece)
        }
    }

    mutating func serverReceive(
        _ bytes: [UInt8], _ answer: (inout ServerSession, Seen) -> Void = { _, _ in }
    ) throws {
        for piece in pieces(bytes) {
            do {
                try server.receive(piece.span)
            } catch {
                takeServerEvents(piece, answer)
                throw error
            }
            takeServerEvents(piece, answer)
        }
    }

    mutating func serverOutput() throws -> [UInt8] {
        var bytes: [UInt8] = []
        let isEnough = !isStingy
        try server.drain { span, _ in
            unsafe span.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
            return isEnough
        }
        return bytes
    }

    mutating func clientOutput() throws -> [UInt8] {
        var bytes: [UInt8] = []
        let isEnough = !isStingy
        try client.drain { span, _ in
            unsafe span.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
            return isEnough
        }
        takeClientEvents([])
        return bytes
    }

    mutating func takeServerEvents(
        _ input: [UInt8], _ answer: (inout ServerSession, Seen) -> Void = { _, _ in }
    ) {
        while let event = server.nextEvent() {
            let seen: Seen
            switch event {
            case .headers(let stream, let range, let end):
                seen = .headers(stream, strings(server.fields(range)), end: end)
            case .trailers(let stream, let range):
                seen = .trailers(stream, strings(server.fields(range)))
            case .data(let stream, let range, let flowBytes, let end):
                if serverConsumes { server.consume(stream, flowBytes) }
                seen = .data(stream, Array(input[range]), end: end)
            case .headersTooLarge, .endOfStream, .reset, .closed, .bodyLow, .goAway,
                .settingsReceived, .settingsAcknowledged, .pingAcknowledged:
                seen = Seen(plain: event)
            }
            serverSaw.append(seen)
            answer(&server, seen)
        }
    }

    mutating func takeClientEvents(_ input: [UInt8]) {
        while let event = client.nextEvent() {
            switch event {
            case .headers(let stream, let range, let end):
                clientSaw.append(.headers(stream, strings(client.fields(range)), end: end))
            case .trailers(let stream, let range):
                clientSaw.append(.trailers(stream, strings(client.fields(range))))
            case .data(let stream, let range, let flowBytes, let end):
                if clientConsumes { client.consume(stream, flowBytes) }
                clientSaw.append(.data(stream, Array(input[range]), end: end))
            case .headersTooLarge, .endOfStream, .reset, .closed, .bodyLow, .goAway,
                .settingsReceived, .settingsAcknowledged, .pingAcknowledged:
                clientSaw.append(Seen(plain: event))
            }
        }
    }

    private func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
        guard chunkBytes < bytes.count else { return bytes.isEmpty ? [] : [bytes] }
        return stride(from: 0, to: bytes.count, by: chunkBytes).map {
            Array(bytes[$0..<min($0 + chunkBytes, bytes.count)])
        }
    }

    private func strings(_ fields: borrowing HeaderFields) -> [String] {
        (0..<fields.count).map { index in
            "\(string(fields.name(index))): \(string(fields.value(index)))"
        }
    }

    private func string(_ span: Span<UInt8>) -> String {
        String(decoding: span.indices.map { span[$0] }, as: UTF8.self)
    }
}

extension SessionPair {
    /// The bytes that the client received of a stream's body.
    func clientBody(_ stream: StreamRef?) -> [UInt8] { body(of: stream, in: clientSaw) }

    func serverBody(_ stream: StreamRef?) -> [UInt8] { body(of: stream, in: serverSaw) }

    private func body(of stream: StreamRef?, in seen: [Seen]) -> [UInt8] {
        seen.flatMap { event -> [UInt8] in
            if case .data(let of, let bytes, _) = event, of == stream { bytes } else { [] }
        }
    }

    func serverSaw(_ stream: StreamRef) -> [Seen] { serverSaw.filter { $0.stream == stream } }

    func clientSaw(_ stream: StreamRef) -> [Seen] { clientSaw.filter { $0.stream == stream } }

    /// Nothing is open, queued or kept on either side.
    var isQuiet: Bool {
        client.openStreamCount == 0 && server.openStreamCount == 0 && client.usedSlotCount == 0
            && server.usedSlotCount == 0 && client.pendingBodyBytes == 0
            && server.pendingBodyBytes == 0 && client.outboundQueueCount == 0
            && server.outboundQueueCount == 0
    }
}

extension Seen {
    var stream: StreamRef? {
        switch self {
        case .headers(let stream, _, _), .trailers(let stream, _), .headersTooLarge(let stream),
            .data(let stream, _, _), .end(let stream), .reset(let stream, _),
            .closed(let stream, _), .bodyLow(let stream):
            stream
        case .goAway, .settings, .settingsAcknowledged, .ping: nil
        }
    }

    /// The event ends the peer's side of its stream.
    var isEnd: Bool {
        switch self {
        case .headers(_, _, let end), .data(_, _, let end): end
        case .trailers, .end: true
        case .headersTooLarge, .reset, .closed, .bodyLow, .goAway, .settings,
            .settingsAcknowledged, .ping:
            false
        }
    }

    fileprivate init(plain event: SessionEvent) {
        switch event {
        case .headersTooLarge(let stream): self = .headersTooLarge(stream)
        case .endOfStream(let stream): self = .end(stream)
        case .reset(let stream, let code): self = .reset(stream, code)
        case .closed(let stream, let code): self = .closed(stream, code)
        case .bodyLow(let stream): self = .bodyLow(stream)
        case .goAway(let last, let code): self = .goAway(last, code)
        case .settingsReceived: self = .settings
        case .settingsAcknowledged: self = .settingsAcknowledged
        case .pingAcknowledged(let opaque): self = .ping(opaque)
        case .headers, .trailers, .data: preconditionFailure("these carry bytes")
        }
    }
}
