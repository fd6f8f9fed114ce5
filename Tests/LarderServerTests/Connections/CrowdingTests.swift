import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderServer
import LarderService
import Testing

@Suite("A process that holds all that unread answers and open calls may take")
struct CrowdingTests {
    private static let check = "/grpc.health.v1.Health/Check"

    /// A connection whose process holds all that it may, because of others.
    private func makeCrowded(server: SessionOptions = SessionOptions()) throws -> CallPair {
        let pair = CallPair(server: server)
        for index in 0..<100 { try pair.store("k\(index)", .pattern(1_000)) }
        let memory = pair.services.peerMemory
        memory.addUnread(memory.unreadBytesMax + 1)
        return pair
    }

    @Test("who holds little of it is served as ever")
    func served() throws {
        let pair = try makeCrowded()
        for round in 0..<50 {
            let get = try pair.call("Get", GetRequest(key: Array("k\(round)".utf8)))
            let set = try pair.call("Set", SetRequest(key: [1], value: .pattern(100)))
            let check = try pair.open(Self.check, bytes: framed([]))
            try pair.run()
            for stream in [get, set, check] { #expect(pair.status(stream).isOK) }
        }
        #expect(pair.services.defences.value(.unreadAnswers) == 0)
    }

    @Test("a pipeline is answered as its client reads, however much it asks for at once")
    func pipeline() throws {
        let pair = try makeCrowded()
        let stream = try pair.open("Pipeline", isEnded: false)
        let operations = (0..<1_000).map { id in
            Operation(
                id: UInt64(id), .get(GetRequest(key: Array("k\(id % 100)".utf8))))
        }
        pair.send(stream, PipelineRequest(operations), isEnded: true)
        try pair.run()
        #expect(pair.status(stream).isOK)
        #expect(pair.answer(stream).body.count > 1_000_000)
    }

    @Test("long answers and exports wait for better times")
    func longAnswers() throws {
        let pair = try makeCrowded()
        let keys = (0..<100).map { Array("k\($0)".utf8) }
        let batch = try pair.call("BatchGet", BatchGetRequest(keys: keys))
        let export = try pair.call("Export", ExportRequest())
        try pair.run()
        for stream in [batch, export] {
            #expect(pair.status(stream).code == .resourceExhausted)
            #expect(pair.answer(stream).errorInfo?.reason == "ANSWERS_UNREAD")
        }
        #expect(pair.services.defences.value(.unreadAnswers) == 2)

        let memory = pair.services.peerMemory
        memory.addUnread(-memory.unreadBytesMax - 1)
        let again = try pair.call("BatchGet", BatchGetRequest(keys: keys))
        try pair.run()
        #expect(pair.status(again).isOK)
    }

    @Test("calls that stay open count, and one who has many gets no more of them")
    func openCalls() throws {
        let pair = CallPair()
        let memory = pair.services.peerMemory
        let open = try (0..<500).map { _ in try pair.open("Pipeline", isEnded: false) }
        try pair.run()
        #expect(memory.unreadBytes > 500 << 10)

        let told = memory.unreadBytes
        memory.addUnread(memory.unreadBytesMax)
        let refused = try pair.open("Set", isEnded: false)
        try pair.run()
        #expect(pair.status(refused).code == .resourceExhausted)
        #expect(pair.answer(refused).errorInfo?.reason == "ANSWERS_UNREAD")
        memory.addUnread(-memory.unreadBytesMax)
        #expect(memory.unreadBytes == told)

        for stream in open { pair.client.reset(stream, code: 8) }
        try pair.run()
        let hasRested = pair.calls.rest()
        #expect(hasRested)
        #expect(memory.unreadBytes == 0)
    }
}
