import LarderGRPC
import LarderHTTP2
import LarderIO
import LarderProtocol
import LarderServer
import LarderService
import Logging
import Testing

/// Runs a loop until the test stops it. One that is not stopped fails instead of hanging.
func withLoop(_ body: (EventLoop) throws -> Void) throws {
    let loop = try EventLoop()
    try body(loop)
    let net = loop.timer(afterMillis: 120_000) { [weak loop] in
        Issue.record("nothing stopped the loop")
        loop?.stop()
    }
    loop.run()
    net.cancel()
    loop.closeAll()
}

/// Stops the loop once `isDone`, looked at in every millisecond.
func stop(_ loop: EventLoop, when isDone: @escaping () -> Bool) {
    loop.timer(afterMillis: 0, repeatMillis: 1) { [unowned loop] in
        if isDone() { loop.stop() }
    }
}

/// A gRPC client on a byte stream.
final class SocketClient: ByteStreamDelegate {
    let stream: ByteStream
    var session: ClientSession
    private(set) var hearing = Hearing()
    /// Nil until the stream has closed.
    private(set) var closeError: IOError??
    /// Called after everything that was heard.
    var onNews: ((SocketClient) -> Void)?

    init(_ stream: ByteStream, options: SessionOptions = SessionOptions()) {
        self.stream = stream
        session = ClientSession(options: options)
        stream.delegate = self
    }

    var isClosed: Bool { closeError != nil }

    /// Writes what the session has to say, as far as the stream takes it.
    func flush() {
        var isEmpty = false
        while !isEmpty, !stream.isWriting, !stream.isClosed {
            do {
                try session.drain { [self] bytes, _ in
                    guard stream.output.append(copying: bytes) else {
                        preconditionFailure("the output has room for a frame")
                    }
                    return stream.output.hasRoom
                }
            } catch {
                Issue.record(error)
            }
            isEmpty = stream.output.isEmpty
            stream.flush()
        }
    }

    func open(
        _ method: String, _ request: (some WireMessage)? = GetRequest?.none,
        timeoutNanos: UInt64? = nil
    ) throws -> StreamRef {
        let path = method.contains("/") ? method : "/larder.v1.CacheService/\(method)"
        let fields = RequestFields(path: path, authority: "localhost", timeoutNanos: timeoutNanos)
        let bytes = request.map { framed($0.encoded()) } ?? []
        guard
            let opened = session.open(
                headers: fields.fields, body: bytes.span, endOfStream: request != nil)
        else { throw CallPair.Refused() }
        hearing.began(opened)
        flush()
        return opened
    }

    func received(_ bytes: Span<UInt8>) {
        var input: [UInt8] = []
        append(bytes, to: &input)
        do { try session.receive(input.span) } catch { Issue.record(error) }
        hearing.take(&session, input, isReading: true)
        flush()
        onNews?(self)
    }

    func drained() { flush() }

    func closed(_ error: IOError?) {
        closeError = .some(error)
        onNews?(self)
    }
}

/// Connections of one loop over a small cache, as the server's own loops hold them.
final class LoopServer {
    let loop: EventLoop
    let services: Services
    let shared: LoopShared
    private(set) weak var lastConnection: Connection?
    private(set) weak var lastStream: ByteStream?
    private var listener: Listener?

    init(
        _ loop: EventLoop, budgetBytes: UInt64 = 64 << 20,
        limits: ConnectionLimits = ConnectionLimits()
    ) {
        self.loop = loop
        services = CallPair.makeServices(budgetBytes: budgetBytes)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        shared = LoopShared(
            loop: loop, services: services, limits: limits, blocks: AnswerBlocks(),
            logger: logger, seed: 1)
    }

    /// One connection; `ready` is called when both ends are up and the server has begun.
    func connect(
        options: SessionOptions = SessionOptions(), _ ready: @escaping (SocketClient) -> Void
    ) throws {
        var client: ByteStream?
        var isServing = false
        func check() {
            guard isServing, let stream = client else { return }
            client = nil
            listener?.close()
            ready(SocketClient(stream, options: options))
        }
        let made = try Listener(loop: loop, address: .ip(host: "127.0.0.1", port: 0)) { stream in
            self.serve(stream)
            isServing = true
            check()
        }
        listener = made
        SocketClient.connect(loop, made.boundAddress) { stream in
            client = stream
            check()
        }
    }

    private func serve(_ stream: ByteStream) {
        let connection = Connection(stream, shared)
        lastConnection = connection
        lastStream = stream
        connection.start()
    }

    func hits() -> UInt64 { services.summary.first { $0.name == "hits" }?.count ?? 0 }
}

extension SocketClient {
    static func connect(
        _ loop: EventLoop, _ address: SocketAddress, _ ready: @escaping (ByteStream) -> Void
    ) {
        ByteStream.connect(loop: loop, address: address, timeoutMillis: 60_000) { result in
            switch result {
            case .success(let stream): ready(stream)
            case .failure(let error):
                Issue.record(error)
                loop.stop()
            }
        }
    }
}
