import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderServer
import LarderService

/// A client's session and a connection's calls, joined by two byte buffers, over a small cache and
/// a clock that stands still until it is moved.
final class CallPair {
    static let startNanos: UInt64 = 1_000_000_000_000

    var client: ClientSession
    var calls: ConnectionCalls
    var scratch: CallScratch
    var nowNanos = CallPair.startNanos
    let services: Services

    /// How many bytes the next `receive` of either side gets at most.
    var chunkBytes: () -> Int = { .max }
    /// Whether the client gives back what it receives.
    var isReading = true

    private var hearing = Hearing()
    /// Who owns the bytes that left the server by reference.
    private(set) var owners: [WeakOwner] = []
    private(set) var sentBytes = 0

    init(
        budgetBytes: UInt64 = 64 << 20, client: SessionOptions = SessionOptions(),
        server: SessionOptions = SessionOptions(), limits: Limits = Limits(),
        compression: Bool = false, further: (any FurtherMethods)? = nil, gate: CallGate? = nil
    ) {
        services = Self.makeServices(
            budgetBytes: budgetBytes, limits: limits, compression: compression,
            further: further)
        scratch = CallScratch(services)
        self.client = ClientSession(options: client)
        calls = ConnectionCalls(
            services: services, blocks: AnswerBlocks(), options: server, gate: gate)
    }

    static func makeServices(
        budgetBytes: UInt64, limits: Limits = Limits(), compression: Bool = false,
        further: (any FurtherMethods)? = nil
    ) -> Services {
        var generator = SeededGenerator(seed: 1)
        var configuration = ServicesConfiguration(
            budgetBytes: budgetBytes, nodeID: "node-1", serverVersion: "1.2.3",
            startedAtUnixNanos: 7_000_000)
        configuration.limits = limits
        configuration.compression = compression
        configuration.further = further
        return Services(configuration, health: HealthState(.serving)) { generator.next() }
    }

    // MARK: Requests

    /// Begins a call with `bytes` as the first of its body.
    func open(
        _ method: String, bytes: [UInt8] = [], isEnded: Bool = true, timeoutNanos: UInt64? = nil,
        metadata: [Field] = []
    ) throws -> StreamRef {
        let path = method.contains("/") ? method : "/larder.v1.CacheService/\(method)"
        var request = RequestFields(path: path, authority: "localhost", timeoutNanos: timeoutNanos)
        request.metadata = metadata
        return try open(fields: request.fields, bytes: bytes, isEnded: isEnded)
    }

    func open(fields: [Field], bytes: [UInt8] = [], isEnded: Bool = true) throws -> StreamRef {
        guard let stream = client.open(headers: fields, body: bytes.span, endOfStream: isEnded)
        else { throw Refused() }
        hearing.began(stream)
        return stream
    }

    func call(_ method: String, _ request: some WireMessage) throws -> StreamRef {
        try open(method, bytes: framed(request.encoded()))
    }

    func send(_ stream: StreamRef, bytes: [UInt8], isEnded: Bool = false) {
        client.send(stream, bytes.span)
        if isEnded { client.endBody(stream) }
    }

    func send(_ stream: StreamRef, _ message: some WireMessage, isEnded: Bool = false) {
        send(stream, bytes: framed(message.encoded()), isEnded: isEnded)
    }

    /// Stores a value behind the connection's back.
    func store(_ key: String, _ value: [UInt8]) throws {
        try LarderServerTests.store(key, value, in: services, nowNanos: nowNanos)
    }

    // MARK: Carrying

    /// Carries bytes both ways until both sides are silent.
    func run() throws {
        var isMoving = true
        while isMoving {
            isMoving = try clientToServer()
            isMoving = try serverToClient() || isMoving
        }
    }

    /// Answers whether anything was carried.
    @discardableResult
    func clientToServer(bytesMax: Int = .max) throws -> Bool {
        let bytes = try clientSends()
        takeClientEvents([])
        try pieces(bytes) { piece in
            try calls.receive(piece.span, nowNanos: nowNanos, scratch: &scratch)
        }
        return !bytes.isEmpty
    }

    @discardableResult
    func serverToClient() throws -> Bool {
        let (bytes, hasNews) = try serverSends()
        try pieces(bytes) { piece in
            try client.receive(piece.span)
            takeClientEvents(piece)
        }
        return hasNews || !bytes.isEmpty
    }

    /// What the server has to say, and whether saying it has brought news.
    func serverSends() throws -> (bytes: [UInt8], hasNews: Bool) {
        var bytes: [UInt8] = []
        var left: [WeakOwner] = []
        try calls.session.drain { span, owner in
            append(span, to: &bytes)
            if let owner { left.append(WeakOwner(owner)) }
            return true
        }
        owners += left
        sentBytes += bytes.count
        let hasNews = calls.handleDrained(nowNanos: nowNanos, scratch: &scratch)
        return (bytes, hasNews)
    }

    /// What the client has to say, taken from it and not carried anywhere.
    func clientSends() throws -> [UInt8] {
        var bytes: [UInt8] = []
        try client.drain { span, _ in
            append(span, to: &bytes)
            return true
        }
        return bytes
    }

    /// The server takes bytes that no session made.
    func serverReceives(_ bytes: [UInt8]) throws {
        try calls.receive(bytes.span, nowNanos: nowNanos, scratch: &scratch)
    }

    private func pieces(_ bytes: [UInt8], _ take: ([UInt8]) throws -> Void) throws {
        var start = 0
        while start < bytes.count {
            let end = start + min(bytes.count - start, max(1, chunkBytes()))
            try take(Array(bytes[start..<end]))
            start = end
        }
    }

    private func takeClientEvents(_ input: [UInt8]) {
        hearing.take(&client, input, isReading: isReading)
    }

    /// The client lets go of all that it has kept back.
    func readOn(_ stream: StreamRef) {
        isReading = true
        client.consume(stream, answer(stream).body.count)
    }

    // MARK: Answers

    func answer(_ stream: StreamRef) -> Heard { hearing.answer(stream) }

    func status(_ stream: StreamRef) -> Status { answer(stream).status }

    /// Nothing is open or kept on either side.
    var isQuiet: Bool {
        client.openStreamCount == 0 && calls.session.openStreamCount == 0
            && calls.session.usedSlotCount == 0 && calls.session.pendingBodyBytes == 0
            && calls.session.outboundQueueCount == 0 && livingOwnerCount == 0
    }

    var goAways: [Hearing.GoAway] { hearing.goAways }

    /// Body bytes that wait in the server's session.
    var pendingBodyBytes: Int { calls.session.pendingBodyBytes }

    var hasSeenDrainPing: Bool { calls.hasSeenDrainPing }

    /// The server's session has nothing more to read or to say.
    var isFinished: Bool { calls.session.isFinished }

    /// Values that somebody still holds, of those that left the server.
    var livingOwnerCount: Int { owners.count { $0.owner != nil } }

    struct Refused: Error {}
}

/// Sees when an object is gone.
struct WeakOwner {
    weak var owner: AnyObject?
    init(_ owner: AnyObject) { self.owner = owner }
}

/// Stores a value behind the connections' back.
func store(_ key: String, _ value: [UInt8], in services: Services, nowNanos: UInt64) throws {
    let path = Array("/larder.v1.CacheService/Set".utf8)
    let request = SetRequest(key: Array(key.utf8), value: value).encoded()
    guard let method = services.method(path: path.span) else { throw CallPair.Refused() }
    var reply = Reply()
    services.unary(method, request: request.span, nowNanos: nowNanos, reply: &reply)
    guard reply.status?.isOK == true else { throw CallPair.Refused() }
}

func append(_ span: Span<UInt8>, to bytes: inout [UInt8]) {
    unsafe span.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
}

func text(_ span: Span<UInt8>) -> String {
    var bytes: [UInt8] = []
    append(span, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
}

/// A message behind its prefix.
func framed(_ message: [UInt8]) -> [UInt8] {
    let prefix = MessagePrefix.encode(messageBytes: UInt32(message.count))
    return prefix.indices.map { prefix[$0] } + message
}
