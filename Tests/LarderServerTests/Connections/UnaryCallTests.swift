import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderServer
import LarderService
import Testing

@Suite("Unary calls of a connection")
struct UnaryCallTests {
    let pair = CallPair()

    private func get(_ key: String) throws -> GetResponse {
        let stream = try pair.call("Get", GetRequest(key: Array(key.utf8)))
        try pair.run()
        return try pair.answer(stream).message()
    }

    @Test("what a Set stores, a Get reads")
    func setAndGet() throws {
        let set = try pair.call("Set", SetRequest(key: [1], value: [1, 2, 3]))
        try pair.run()
        let stored: SetResponse = try pair.answer(set).message()
        #expect(stored.outcome == .stored)
        let get = try pair.call("Get", GetRequest(key: [1]))
        try pair.run()
        let answer = pair.answer(get)
        let read: GetResponse = try answer.message()
        #expect(read.value == [1, 2, 3])
        #expect(read.head.version == stored.version)
        #expect(answer.field("content-type") == "application/grpc")
        #expect(answer.resetCode == nil)
        #expect(pair.isQuiet)
    }

    @Test("an answer of no bytes is a message too")
    func emptyMessage() throws {
        let stream = try pair.open("Get", bytes: framed([]))
        try pair.run()
        #expect(pair.status(stream).code == .invalidArgument)
        let limits = try pair.open("GetLimits", bytes: framed([]))
        try pair.run()
        #expect(pair.status(limits).isOK)
    }

    @Test("a request may be torn at every byte")
    func torn() throws {
        let request = framed(SetRequest(key: [7], value: .pattern(40)).encoded())
        for cut in 0...request.count {
            let stream = try pair.open("Set", bytes: Array(request[..<cut]), isEnded: false)
            try pair.run()
            pair.send(stream, bytes: Array(request[cut...]), isEnded: true)
            try pair.run()
            #expect(pair.status(stream).isOK, "cut at \(cut)")
        }
        let stream = try pair.open("Get", isEnded: false)
        for byte in framed(GetRequest(key: [7]).encoded()) {
            try pair.run()
            pair.send(stream, bytes: [byte])
        }
        pair.client.endBody(stream)
        try pair.run()
        let read: GetResponse = try pair.answer(stream).message()
        #expect(read.value == .pattern(40))
        #expect(pair.isQuiet)
    }

    @Test("the connection's bytes may come one by one")
    func tornReads() throws {
        try pair.store("a", .pattern(5_000))
        pair.chunkBytes = { 1 }
        #expect(try get("a").value == .pattern(5_000))
        #expect(pair.isQuiet)
    }

    @Test("a request that ends with its headers is answered at once: there was no message")
    func endWithHeaders() throws {
        for method in ["Get", "Set", "Export", "/grpc.health.v1.Health/Watch"] {
            let stream = try pair.open(method, isEnded: true)
            try pair.run()
            #expect(pair.status(stream).code == .unimplemented)
            #expect(pair.status(stream).message.contains("none came"))
            #expect(pair.answer(stream).isTrailersOnly)
        }
        #expect(pair.isQuiet)
    }

    @Test("a request that ends with an empty frame has no message either")
    func endWithEmptyFrame() throws {
        let stream = try pair.open("Get", isEnded: false)
        try pair.run()
        pair.client.endBody(stream)
        try pair.run()
        #expect(pair.status(stream).code == .unimplemented)
        #expect(pair.isQuiet)
    }

    @Test("two messages are one too many, and neither is acted on", arguments: [false, true])
    func twoMessages(isTorn: Bool) throws {
        let first = framed(SetRequest(key: [1], value: [1]).encoded())
        let second = framed(SetRequest(key: [2], value: [2]).encoded())
        let stream = try pair.open("Set", bytes: isTorn ? first : first + second, isEnded: !isTorn)
        try pair.run()
        if isTorn {
            pair.send(stream, bytes: second, isEnded: true)
            try pair.run()
        }
        #expect(pair.status(stream).code == .unimplemented)
        #expect(pair.answer(stream).errorInfo?.reason == "MESSAGE_SURPLUS")
        #expect(try get("\u{1}").head.outcome == .miss)
        #expect(try get("\u{2}").head.outcome == .miss)
        #expect(pair.isQuiet)
    }

    @Test("stray bytes and cut messages are faults of the framing", arguments: [1, 4, 6])
    func strayBytes(count: Int) throws {
        let whole = framed(SetRequest(key: [1], value: [1]).encoded())
        let stray = try pair.open("Set", bytes: whole + whole.prefix(count))
        let cut = try pair.open("Set", bytes: Array(whole.prefix(count)))
        try pair.run()
        #expect(pair.status(stray).code == .internal)
        #expect(pair.status(cut).code == .internal)
        #expect(try get("\u{1}").head.outcome == .miss)
        #expect(pair.isQuiet)
    }

    @Test("a message over the limit is refused with its prefix, and the connection goes on")
    func tooLarge() throws {
        let limit = pair.services.limits.messageBytesMax
        let stream = try pair.open("Set", bytes: [0, 255, 255, 255, 255], isEnded: false)
        let exact = try pair.open("Set", bytes: [0] + bigEndian(limit), isEnded: false)
        let over = try pair.open("Set", bytes: [0] + bigEndian(limit + 1), isEnded: false)
        try pair.run()
        #expect(pair.status(stream).code == .resourceExhausted)
        #expect(pair.answer(stream).resetCode == 0)
        #expect(pair.status(over).code == .resourceExhausted)
        #expect(pair.answer(over).errorInfo?.metadata.first?.value == "\(limit)")
        #expect(
            pair.status(over).message
                == "a message of \(limit + 1) bytes is over the limit of \(limit) bytes "
                + "(server.max-message-bytes)")
        #expect(!pair.answer(exact).isEnded)
        pair.client.reset(exact, code: 8)
        try pair.run()
        #expect(try get("a").head.outcome == .miss)
        #expect(pair.isQuiet)
    }

    @Test("what comes after an early answer gives its window back")
    func windowOfDroppedBytes() throws {
        var server = SessionOptions()
        server.initialWindowBytes = 64 << 10
        server.connectionWindowBytes = 64 << 10
        let pair = CallPair(server: server)
        // Not read by the client before it has sent more than the connection's window, all told.
        for _ in 0..<8 {
            let stream = try pair.open(
                "Set", bytes: [0, 255, 255, 255, 255] + .pattern(30 << 10), isEnded: false)
            try pair.run()
            #expect(pair.status(stream).code == .resourceExhausted)
        }
        let stream = try pair.call("Set", SetRequest(key: [1], value: .pattern(200 << 10)))
        try pair.run()
        #expect(pair.status(stream).isOK)
        #expect(pair.isQuiet)
    }

    @Test("the bytes of a refused method are dropped and their window given back")
    func windowOfRefusedMethods() throws {
        for _ in 0..<40 {
            let stream = try pair.open("Touch", bytes: .pattern(900 << 10))
            try pair.run()
            #expect(pair.status(stream).code == .unimplemented)
        }
        #expect(pair.isQuiet)
    }

    @Test("many calls in one read are answered each on its own")
    func pipelined() throws {
        for index in 0..<100 { try pair.store("k\(index)", .pattern(index * 30, seed: index)) }
        let streams = try (0..<100).map { index in
            try pair.call("Get", GetRequest(key: Array("k\(index)".utf8)))
        }
        try pair.run()
        for (index, stream) in streams.enumerated() {
            let read: GetResponse = try pair.answer(stream).message()
            #expect(read.value == .pattern(index * 30, seed: index))
        }
        #expect(pair.isQuiet)
    }

    @Test("a place that is used again knows nothing of the call before")
    func placesUsedAgain() throws {
        try pair.store("a", [1])
        var streams: Set<StreamRef> = []
        for round in 0..<50 {
            // Begun with a deadline and a part of a message, then given up.
            let given = try pair.open(
                "Set", bytes: [0, 0, 0], isEnded: false, timeoutNanos: 1_000_000_000)
            try pair.run()
            let late = pair.calls.takeDeadlines()
            #expect(late.count == 1)
            pair.client.reset(given, code: 8)
            try pair.run()
            let next = try pair.open("Get", isEnded: false)
            try pair.run()
            // The timer of the call that is gone must not end the one in its place.
            for call in late { pair.calls.cancel(call.stream, .deadlineExceeded) }
            pair.send(next, GetRequest(key: Array("a".utf8)), isEnded: true)
            try pair.run()
            let read: GetResponse = try pair.answer(next).message()
            #expect(read.value == [1], "round \(round)")
            streams.insert(next)
        }
        #expect(streams.count == 50)
        #expect(pair.isQuiet)
    }

    private func bigEndian(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> UInt32($0)) }
    }
}
