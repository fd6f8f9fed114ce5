import LarderCache
import LarderGRPC
import LarderProtocol
import LarderService

/// Services over a cache of their own, with a clock that stands still until it is moved.
final class TestServer {
    static let startNanos: UInt64 = 1_000_000_000_000

    let cache: Cache
    let health: HealthState
    let services: Services
    var nowNanos = TestServer.startNanos

    init(
        budgetBytes: UInt64 = 256 << 20, limits: Limits = Limits(), startID: UInt64 = 7,
        reflection: Bool = true
    ) {
        let configuration = Cache.Configuration(
            budgetBytes: budgetBytes, seed: HashSeed(1, 2, 3, 4), shardCount: 4)
        cache = Cache(configuration)
        health = HealthState()
        services = Services(
            cache: cache, limits: limits, nodeID: "node-1", serverVersion: "1.2.3",
            health: health, startID: startID, reflection: reflection)
    }

    /// Another start of the same server over the same cache.
    func restarted(startID: UInt64) -> Services {
        Services(
            cache: cache, limits: services.limits, nodeID: "node-1", serverVersion: "1.2.3",
            health: health, startID: startID)
    }

    func advance(millis: UInt64) { nowNanos += millis * 1_000_000 }

    func method(_ name: String) -> Method {
        let path = Array("/\(name.contains("/") ? name : "larder.v1.CacheService/\(name)")".utf8)
        guard let method = services.method(path: path.span) else {
            fatalError("no such method: \(name)")
        }
        return method
    }

    /// Calls a method with the bytes of a message; tells the answer's messages and the status.
    func call(_ name: String, bytes: [UInt8]) -> (messages: [[UInt8]], status: Status) {
        var reply = Reply()
        services.unary(method(name), request: bytes.span, nowNanos: nowNanos, reply: &reply)
        let messages = unframed(reply)
        guard let status = reply.status else { fatalError("a unary call has ended") }
        return (messages, status)
    }

    func status(_ name: String, _ request: some WireMessage) -> Status {
        call(name, bytes: request.encoded()).status
    }

    /// Calls a method that is expected to answer.
    func answer<Response: WireMessage>(
        _ name: String, _ request: some WireMessage, as: Response.Type = Response.self
    ) throws -> Response {
        let (messages, status) = call(name, bytes: request.encoded())
        guard status == .ok, messages.count == 1 else { throw Failure(status: status) }
        let message = messages[0]
        return try Response(decoding: message.span)
    }

    func get(_ key: String) throws -> GetResponse {
        try answer("Get", GetRequest(key: Array(key.utf8)))
    }

    @discardableResult
    func set(_ key: String, _ value: [UInt8], ttlMillis: UInt64? = nil) throws -> SetResponse {
        try answer("Set", SetRequest(key: Array(key.utf8), value: value, ttlMillis: ttlMillis))
    }

    struct Failure: Error { let status: Status }
}

/// The messages of a reply, with the tails where they belong.
func unframed(_ reply: borrowing Reply) -> [[UInt8]] {
    var bytes: [UInt8] = []
    var taken = 0
    let written = reply.bytes.array
    for tail in reply.tails {
        bytes += written[taken..<tail.offset]
        taken = tail.offset
        let value = tail.value.bytes
        for offset in value.indices { bytes.append(value[offset]) }
    }
    bytes += written[taken...]
    precondition(bytes.count == reply.totalBytes, "a reply knows how long it is")

    var messages: [[UInt8]] = []
    var offset = 0
    while offset < bytes.count {
        precondition(bytes[offset] == 0, "nothing is compressed")
        let count = bytes[(offset + 1)..<(offset + 5)].reduce(0) { $0 << 8 | Int($1) }
        offset += 5
        messages.append(Array(bytes[offset..<(offset + count)]))
        offset += count
    }
    precondition(offset == bytes.count, "the last message ends with the reply")
    return messages
}

/// A stream to one method: keeps what was answered and how it ended.
final class TestStream {
    let server: TestServer
    let call: any StreamingCall
    private(set) var messages: [[UInt8]] = []
    private(set) var status: Status?
    /// Whether the answers go out as they come; if not, until `flush`.
    var isRead = true
    private var hasUnsent = false

    init(_ server: TestServer, _ name: String, services: Services? = nil) {
        self.server = server
        call = (services ?? server.services).open(server.method(name), nowNanos: server.nowNanos)
    }

    func send(_ message: some WireMessage) { send(bytes: message.encoded()) }

    func send(bytes: [UInt8]) {
        event { call, sentAll, reply in
            call.received(
                bytes.span, nowNanos: server.nowNanos, sentAll: sentAll, reply: &reply)
        }
    }

    func halfClose() {
        event { call, sentAll, reply in
            call.halfClosed(nowNanos: server.nowNanos, sentAll: sentAll, reply: &reply)
        }
    }

    func wake() {
        event { call, _, reply in call.woken(nowNanos: server.nowNanos, reply: &reply) }
    }

    /// What was said has gone.
    func flush() {
        hasUnsent = false
        event { call, _, reply in call.writable(nowNanos: server.nowNanos, reply: &reply) }
    }

    /// Lets the call say all that it has to say.
    func drain(eventsMax: Int = 100_000) {
        for _ in 0..<eventsMax where status == nil { flush() }
    }

    private func event(_ body: (any StreamingCall, Bool, inout Reply) -> Void) {
        guard status == nil else { return }
        var reply = Reply()
        body(call, !hasUnsent, &reply)
        let said = unframed(reply)
        messages += said
        status = reply.status
        if !said.isEmpty, !isRead { hasUnsent = true }
    }

    func answers<Response: WireMessage>(_: Response.Type = Response.self) throws -> [Response] {
        try messages.map { try Response(decoding: $0.span) }
    }
}

extension [UInt8] {
    /// Bytes that tell their place, so that a wrong one is seen.
    static func pattern(_ count: Int, seed: UInt8 = 0) -> [UInt8] {
        let start = Int(seed)
        var bytes = Array(patternPeriod[start..<Swift.min(start + count, patternPeriod.count)])
        while bytes.count < count {
            bytes += patternPeriod.prefix(count - bytes.count)
        }
        return bytes
    }

    // No power of two, so that a part in another's place is seen.
    private static let patternPeriod: [UInt8] = (0..<65_521).map {
        UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8)
    }
}
