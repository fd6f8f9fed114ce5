import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderService
import Testing

@Suite("Calls that a connection refuses")
struct RefusedCallTests {
    let pair = CallPair()

    private func status(_ path: String) throws -> Heard {
        let stream = try pair.open(path, bytes: framed([]))
        try pair.run()
        return pair.answer(stream)
    }

    @Test(
        "a path that is no method is UNIMPLEMENTED and nothing else",
        arguments: [
            "/", "//", "/larder.v1.CacheService", "/larder.v1.CacheService/",
            "/larder.v1.CacheService/Get/", "/larder.v1.CacheService/get",
            "/larder.v1.CacheService/Get?x=1", "/larder.v1.CacheService/%47et",
            "/larder.v1.Nothing/Get", "/larder.v1.CacheService/Nothing",
            "//larder.v1.CacheService/Get", "/LARDER.v1.CacheService/Get", "/\u{E4}/\u{1F600}",
            "/" + String(repeating: "x", count: 1_023),
            "/" + String(repeating: "x", count: 1_024),
            "/" + String(repeating: "x", count: 8_000),
        ])
    func unknownPaths(path: String) throws {
        let answer = try status(path)
        #expect(answer.status.code == .unimplemented)
        #expect(answer.isTrailersOnly)
        #expect(answer.field(":status") == "200")
        #expect(answer.errorInfo?.domain == "larder.v1")
        #expect(answer.errorInfo?.reason == "METHOD_UNKNOWN")
        #expect(pair.isQuiet)
    }

    @Test("a method of the contract that is not served says so before its body")
    func notServed() throws {
        for method in ["Touch", "ReadValue", "WriteValue", "Watch"] {
            let stream = try pair.open(method, isEnded: false)
            try pair.run()
            let answer = pair.answer(stream)
            #expect(answer.status.code == .unimplemented)
            #expect(answer.errorInfo?.reason == "METHOD_NOT_SERVED")
            #expect(answer.resetCode == 0)
        }
        #expect(pair.isQuiet)
    }

    @Test(
        "a grpc-timeout that is none is INTERNAL",
        arguments: ["", "S", "10", "abc", "-1S", "+1S", "1s", "1.5S", "1SS", "123456789S", "1 S"])
    func malformedTimeout(text: String) throws {
        let stream = try pair.open(
            "GetLimits", bytes: framed([]), metadata: [(name: "grpc-timeout", value: text)])
        try pair.run()
        #expect(pair.status(stream).code == .internal)
        #expect(pair.answer(stream).errorInfo?.reason == "TIMEOUT_MALFORMED")
        #expect(pair.isQuiet)
    }

    @Test("an encoding that is not known is UNIMPLEMENTED, and the answer names those that are")
    func unknownEncoding() throws {
        let stream = try pair.open(
            "GetLimits", bytes: framed([]), metadata: [(name: "grpc-encoding", value: "snappy")])
        let known = try pair.open(
            "GetLimits", bytes: framed([]), metadata: [(name: "grpc-encoding", value: "identity")])
        try pair.run()
        #expect(pair.status(stream).code == .unimplemented)
        #expect(pair.answer(stream).field("grpc-accept-encoding") == "identity,deflate,gzip")
        #expect(pair.answer(stream).errorInfo?.reason == "ENCODING_UNSUPPORTED")
        #expect(pair.status(known).isOK)
        #expect(pair.isQuiet)
    }

    @Test("a message with a flag that is not 0 is INTERNAL", arguments: [1, 2, 255] as [UInt8])
    func flags(flag: UInt8) throws {
        let message = GetRequest(key: [1]).encoded()
        let bytes = [flag] + framed(message).dropFirst()
        for method in ["Get", "Export", "BulkLoad"] {
            let stream = try pair.open(method, bytes: bytes)
            try pair.run()
            #expect(pair.status(stream).code == .internal)
            #expect(pair.answer(stream).errorInfo?.reason == "MESSAGE_FLAG")
        }
        #expect(pair.isQuiet)
    }

    @Test(
        "a header list over the limit costs its call, not the connection", arguments: [true, false])
    func headersTooLarge(isEnded: Bool) throws {
        let stream = try pair.open(
            "GetLimits", bytes: isEnded ? framed([]) : [], isEnded: isEnded,
            metadata: [(name: "x-large", value: String(repeating: "x", count: 20 << 10))])
        try pair.run()
        #expect(pair.status(stream).code == .resourceExhausted)
        #expect(pair.answer(stream).errorInfo?.reason == "HEADERS_TOO_LARGE")
        #expect(try status("GetLimits").status.isOK)
        #expect(pair.isQuiet)
    }

    @Test("fields of the request that nobody needs are not looked at")
    func otherFields() throws {
        let stream = try pair.open(
            "GetLimits", bytes: framed([]),
            metadata: [
                (name: "grpc-status", value: "5"), (name: "grpc-unknown", value: "x"),
                (name: "x-bin", value: "!!"), (name: "grpc-accept-encoding", value: "gzip"),
                (name: "x-text", value: " spaces "),
            ])
        try pair.run()
        #expect(pair.status(stream).isOK)
        #expect(pair.isQuiet)
    }

    @Test("trailers of a request end it and say nothing")
    func requestTrailers() throws {
        let trailers = HeaderBlock([(name: "x-sum", value: "1")])
        let get = try pair.open(
            "Get", bytes: framed(GetRequest(key: [1]).encoded()), isEnded: false)
        pair.client.finish(get, trailers: trailers)
        let load = try pair.open("BulkLoad", isEnded: false)
        pair.send(load, BulkLoadRequest(.start(BulkLoadStart())))
        pair.client.finish(load, trailers: trailers)
        try pair.run()
        let read: GetResponse = try pair.answer(get).message()
        #expect(read.head.outcome == .miss)
        let done: BulkLoadResponse = try pair.answer(load).message()
        #expect(done.done)
        #expect(pair.isQuiet)
    }

    @Test("trailers of a request over the limit end its call, also when it has begun to answer")
    func requestTrailersTooLarge() throws {
        let trailers = HeaderBlock([(name: "x", value: String(repeating: "x", count: 20 << 10))])
        let get = try pair.open(
            "Get", bytes: framed(GetRequest(key: [1]).encoded()), isEnded: false)
        let load = try pair.open("BulkLoad", isEnded: false)
        pair.send(load, BulkLoadRequest(.start(BulkLoadStart(sessionID: "s"))))
        try pair.run()
        #expect(pair.answer(load).messages.count == 1)
        pair.client.finish(get, trailers: trailers)
        pair.client.finish(load, trailers: trailers)
        try pair.run()
        #expect(pair.status(get).code == .resourceExhausted)
        #expect(pair.status(load).code == .resourceExhausted)
        #expect(pair.isQuiet)
    }

    @Test("a message that does not parse is INTERNAL, a request that is wrong INVALID_ARGUMENT")
    func wrongRequests() throws {
        let broken = try pair.open("Get", bytes: framed([0xFF, 0xFF]))
        let noKey = try pair.call("Get", GetRequest(key: []))
        let longKey = try pair.call("Get", GetRequest(key: .pattern(2_000)))
        try pair.run()
        #expect(pair.status(broken).code == .internal)
        #expect(pair.answer(broken).errorInfo?.reason == "MESSAGE_MALFORMED")
        #expect(pair.status(noKey).code == .invalidArgument)
        #expect(pair.answer(noKey).errorInfo?.reason == "KEY_EMPTY")
        #expect(pair.answer(longKey).errorInfo?.reason == "KEY_TOO_LONG")
        #expect(pair.answer(longKey).errorInfo?.domain == "larder.v1")
        #expect(pair.isQuiet)
    }

    @Test("streams over the announced limit are refused unprocessed, the others served")
    func tooManyStreams() throws {
        var server = SessionOptions()
        server.maxConcurrentStreams = 2
        let pair = CallPair(server: server)
        // Before the client has seen the limit.
        let streams = try (0..<5).map { _ in try pair.open("Get", isEnded: false) }
        try pair.run()
        let refused = streams.filter { pair.answer($0).resetCode == 7 }
        #expect(refused.count == 3)
        for stream in streams.prefix(2) {
            pair.send(stream, GetRequest(key: [1]), isEnded: true)
        }
        try pair.run()
        for stream in streams.prefix(2) { #expect(pair.status(stream).isOK) }
        #expect(pair.isQuiet)
    }
}
