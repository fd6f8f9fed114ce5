import LarderHTTP2

/// A Get between a client's and a server's session, without sockets: both sides' work together.
struct SessionBench: ~Copyable {
    private static let operations = 50_000
    private static let request = HeaderBlock([
        (":method", "POST"), (":scheme", "http"), (":path", "/larder.v1.CacheService/Get"),
        (":authority", "localhost"), ("content-type", "application/grpc"), ("te", "trailers"),
    ])
    private static let headers = HeaderBlock([
        (":status", "200"), ("content-type", "application/grpc"),
    ])
    private static let trailers = HeaderBlock([("grpc-status", "0")])

    private var client = ClientSession()
    private var server = ServerSession(memory: SessionMemory())
    private static let question = [UInt8](repeating: 1, count: 5 + 18)
    private static let answer = [UInt8](repeating: 2, count: 5 + 112)
    private var wire: [UInt8] = []
    private var answered = 0

    static func run(_ measure: Measure) {
        var bench = SessionBench()
        measure("HTTP/2: round of a Get, both sides", operations: operations) { _ in
            do throws(HTTP2Error) {
                for _ in 0..<operations { try bench.round() }
            } catch {
                print("the sessions fell out: \(error)")
            }
        }
        keep(bench.answered)
    }

    private mutating func round() throws(HTTP2Error) {
        _ = client.open(headers: Self.request, body: Self.question.span, endOfStream: true)
        var wire = self.wire
        self.wire = []
        defer { self.wire = wire }
        wire.removeAll(keepingCapacity: true)
        try client.drain { bytes, _ in
            for index in bytes.indices { wire.append(bytes[index]) }
            return true
        }
        while client.nextEvent() != nil {}
        try server.receive(wire.span)
        while let event = server.nextEvent() {
            guard case .data(let stream, _, let flowBytes, true) = event else { continue }
            server.consume(stream, flowBytes)
            server.respond(
                stream, headers: Self.headers, body: Self.answer.span, trailers: Self.trailers)
        }
        wire.removeAll(keepingCapacity: true)
        try server.drain { bytes, _ in
            for index in bytes.indices { wire.append(bytes[index]) }
            return true
        }
        while server.nextEvent() != nil {}
        try client.receive(wire.span)
        while let event = client.nextEvent() {
            if case .data(let stream, _, let flowBytes, _) = event {
                client.consume(stream, flowBytes)
            } else if case .trailers = event {
                answered += 1
            }
        }
    }
}
