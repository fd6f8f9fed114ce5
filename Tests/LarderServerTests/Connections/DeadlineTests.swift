import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderServer
import LarderService
import Testing

@Suite("Deadlines of a connection's calls")
struct DeadlineTests {
    let pair = CallPair()

    @Test("a request that comes whole needs no timer")
    func whole() throws {
        for timeoutNanos in [1_000, 1_000_000_000, UInt64.max / 2] {
            let stream = try pair.open(
                "GetLimits", bytes: framed([]), timeoutNanos: timeoutNanos)
            try pair.run()
            #expect(pair.status(stream).isOK)
        }
        #expect(pair.calls.takeDeadlines().isEmpty)
    }

    @Test("a request that is never complete ends at its deadline", arguments: 0..<4)
    func neverComplete(bytes: Int) throws {
        let stream = try pair.open("Get", isEnded: false, timeoutNanos: 5_000_000)
        pair.send(stream, bytes: Array(framed([1, 2]).prefix(bytes)))
        try pair.run()
        let late = pair.calls.takeDeadlines()
        #expect(late.map(\.atNanos) == [CallPair.startNanos + 5_000_000])
        #expect(pair.calls.takeDeadlines().isEmpty)
        for call in late { pair.calls.cancel(call.stream, .deadlineExceeded) }
        try pair.run()
        #expect(pair.status(stream).code == .deadlineExceeded)
        #expect(pair.answer(stream).isTrailersOnly)
        #expect(pair.answer(stream).resetCode == 0)
        #expect(pair.answer(stream).errorInfo?.domain == "larder.v1")
        #expect(pair.isQuiet)
    }

    @Test("the end of the time after the end of the call does nothing")
    func afterTheEnd() throws {
        let stream = try pair.open("GetLimits", isEnded: false, timeoutNanos: 5_000_000)
        try pair.run()
        let late = pair.calls.takeDeadlines()
        #expect(late.count == 1)
        pair.send(stream, bytes: framed([]), isEnded: true)
        try pair.run()
        for call in late { pair.calls.cancel(call.stream, .deadlineExceeded) }
        try pair.run()
        #expect(pair.status(stream).isOK)
        #expect(pair.isQuiet)
    }

    @Test("a stream that has begun to answer ends with trailers")
    func begun() throws {
        let request = framed(HealthCheckRequest(service: "").encoded())
        let stream = try pair.open(
            "/grpc.health.v1.Health/Watch", bytes: request, timeoutNanos: 5_000_000)
        try pair.run()
        for call in pair.calls.takeDeadlines() {
            pair.calls.cancel(call.stream, .deadlineExceeded)
        }
        try pair.run()
        #expect(pair.answer(stream).messages.count == 1)
        #expect(pair.answer(stream).blockCount == 2)
        #expect(pair.status(stream).code == .deadlineExceeded)
        #expect(pair.isQuiet)
    }

    @Test("an answer that is not read does not hold the end of the time up")
    func unread() throws {
        var client = SessionOptions()
        client.initialWindowBytes = 1_000
        let pair = CallPair(client: client)
        for index in 0..<100 { try pair.store("k\(index)", .pattern(10_000, seed: index)) }
        pair.isReading = false
        let request = framed(ExportRequest().encoded())
        let stream = try pair.open("Export", bytes: request, timeoutNanos: 5_000_000)
        try pair.run()
        #expect(pair.pendingBodyBytes > 0)
        for call in pair.calls.takeDeadlines() {
            pair.calls.cancel(call.stream, .deadlineExceeded)
        }
        try pair.run()
        #expect(pair.status(stream).code == .deadlineExceeded)
        #expect(pair.answer(stream).body.count == 1_000)
        #expect(pair.pendingBodyBytes == 0)
    }

    @Test("a load that its deadline ends says what it has applied")
    func load() throws {
        let stream = try pair.open("BulkLoad", isEnded: false, timeoutNanos: 5_000_000)
        try pair.run()
        let late = pair.calls.takeDeadlines()
        pair.send(stream, BulkLoadRequest(.start(BulkLoadStart())))
        let entries = (0..<3).map { Entry(key: Array("k\($0)".utf8), value: [1]) }
        pair.send(stream, BulkLoadRequest(.batch(EntryBatch(firstIndex: 0, entries: entries))))
        try pair.run()
        for call in late { pair.calls.cancel(call.stream, .deadlineExceeded) }
        try pair.run()
        #expect(pair.status(stream).code == .deadlineExceeded)
        let facts = try #require(pair.answer(stream).errorInfo?.metadata)
        #expect(facts.map { "\($0.key)=\($0.value)" } == ["committed=3", "stored=3"])
    }

    @Test("no time at all has passed already", arguments: ["0S", "1n", "999n", "0H"])
    func none(text: String) throws {
        let stream = try pair.open(
            "GetLimits", bytes: framed([]), metadata: [(name: "grpc-timeout", value: text)])
        try pair.run()
        #expect(pair.status(stream).code == .deadlineExceeded)
        #expect(pair.isQuiet)
    }

    @Test("each call of one list has a timeout of its own")
    func ownTimeouts() throws {
        let texts = ["5S", "7S", "0S", "4000m", "1s", "", "5000001u", "12345678901234567S", "9S"]
        let streams = try texts.map {
            try pair.open("Get", isEnded: false, metadata: [(name: "grpc-timeout", value: $0)])
        }
        try pair.run()
        let seconds = pair.calls.takeDeadlines().map {
            Double($0.atNanos - pair.nowNanos) / 1_000_000_000
        }
        #expect(seconds == [5, 7, 4, 5.000001, 9])
        let codes = zip(texts, streams).filter { pair.answer($0.1).isEnded }.map {
            (text: $0.0, code: pair.status($0.1).code)
        }
        #expect(codes.map(\.text) == ["0S", "1s", "", "12345678901234567S"])
        #expect(codes.map(\.code) == [.deadlineExceeded, .internal, .internal, .internal])
    }

    @Test("the longest timeout does not overflow the clock")
    func longest() throws {
        pair.nowNanos = .max - 5
        let stream = try pair.open(
            "Get", isEnded: false, metadata: [(name: "grpc-timeout", value: "99999999H")])
        try pair.run()
        #expect(pair.calls.takeDeadlines().map(\.atNanos) == [UInt64.max])
        pair.client.reset(stream, code: 8)
        try pair.run()
        #expect(pair.isQuiet)
    }
}
