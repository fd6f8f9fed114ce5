import LarderCache
import LarderGRPC
import LarderProtocol
import LarderService
import Testing

@Suite("BatchGet")
struct BatchGetTests {
    let server = TestServer()

    private func batchGet(_ request: BatchGetRequest) throws -> [GetResponse] {
        let response: BatchGetResponse = try server.answer("BatchGet", request)
        return response.responses
    }

    private func keys(_ names: String...) -> [[UInt8]] { names.map { Array($0.utf8) } }

    @Test("every key has its answer, in the order of the keys, twice if asked twice")
    func order() throws {
        try server.set("a", [1])
        try server.set("b", .pattern(5_000))
        try server.set("c", [])
        let responses = try batchGet(BatchGetRequest(keys: keys("b", "x", "a", "c", "b")))
        #expect(responses.map(\.head.outcome) == [.hit, .miss, .hit, .hit, .hit])
        #expect(responses.map(\.value) == [.pattern(5_000), [], [1], [], .pattern(5_000)])
    }

    @Test("in a large cache, whose keys are made ready, answers are the same")
    func largeCache() throws {
        for number in 0..<6_000 { try server.set("k\(number)", .pattern(400 + number % 7)) }
        #expect(server.cache.looksAhead)
        for count in [1, 7, 8, 9, 16, 17, 300] {
            let asked = (0..<count).map { $0 * 41 % 12_000 }
            let responses = try batchGet(BatchGetRequest(keys: asked.map { Array("k\($0)".utf8) }))
            #expect(
                responses.map(\.value) == asked.map { $0 < 6_000 ? .pattern(400 + $0 % 7) : [] })
        }
    }

    @Test("no keys, no answers")
    func empty() throws {
        #expect(try batchGet(BatchGetRequest(keys: [])).isEmpty)
    }

    @Test("what would push the answer over its bytes is left out, what is smaller still goes in")
    func omits() throws {
        try server.set("a", .pattern(1_000))
        try server.set("b", .pattern(2_000))
        try server.set("c", .pattern(100))
        let request = BatchGetRequest(keys: keys("a", "b", "c", "x"), maxResponseBytes: 1_500)
        let responses = try batchGet(request)
        #expect(responses.map(\.head.outcome) == [.hit, .omitted, .hit, .miss])
        let (messages, _) = server.call("BatchGet", bytes: request.encoded())
        #expect(messages[0].count <= 1_500)
    }

    @Test("the answer is never over its bytes, wherever the bound lies")
    func bound() throws {
        for index in 0..<20 { try server.set("k\(index)", .pattern(index * 40)) }
        let all = (0..<24).map { Array("k\($0)".utf8) }
        for bound in stride(from: UInt32(100), to: 9_000, by: 97) {
            let request = BatchGetRequest(keys: all, maxResponseBytes: bound)
            let (messages, status) = server.call("BatchGet", bytes: request.encoded())
            #expect(status == .ok)
            #expect(messages[0].count <= Int(bound))
        }
    }

    @Test("what is not there is a miss, also where there is no room for anything")
    func missWithoutRoom() throws {
        try server.set("a", .pattern(50))
        let request = BatchGetRequest(keys: keys("x", "a", "x"), maxResponseBytes: 1)
        #expect(try batchGet(request).map(\.head.outcome) == [.miss, .omitted, .miss])
    }

    @Test("by default an answer stays within the server's bytes and under 4 MiB")
    func defaultBound() throws {
        for index in 0..<8 { try server.set("k\(index)", .pattern(1 << 20)) }
        let request = BatchGetRequest(keys: (0..<8).map { Array("k\($0)".utf8) })
        let (messages, _) = server.call("BatchGet", bytes: request.encoded())
        #expect(messages[0].count <= 3_670_016)
        let responses = try batchGet(request)
        #expect(responses.filter { $0.head.outcome == .hit }.count == 3)
        #expect(responses.filter { $0.head.outcome == .omitted }.count == 5)
    }

    @Test("metadata only, peek and age hold for every key")
    func options() throws {
        try server.set("a", .pattern(50))
        server.advance(millis: 100)
        try server.set("b", .pattern(60))
        let before = server.cache.statistics()
        let responses = try batchGet(
            BatchGetRequest(
                keys: keys("a", "b"), metadataOnly: true, peek: true, maxAgeMillis: 50))
        #expect(responses.map(\.head.outcome) == [.miss, .hit])
        #expect(responses[1].head.valueBytes == 60)
        #expect(responses[1].value.isEmpty)
        let after = server.cache.statistics()
        #expect(after.hits == before.hits)
    }

    @Test("a value over the inline limit is too large, not left out")
    func tooLarge() throws {
        try server.set("a", .pattern(2 << 20))
        #expect(try batchGet(BatchGetRequest(keys: keys("a")))[0].head.outcome == .tooLarge)
    }

    @Test("one bad key, too many keys or an unknown namespace is a wrong request")
    func refusals() {
        let many = server.status(
            "BatchGet", BatchGetRequest(keys: [[UInt8]](repeating: [1], count: 1_001)))
        #expect(many.code == .invalidArgument)
        #expect(many.reason == "BATCH_TOO_LONG")
        #expect(many.message == "batch of 1001 items is over the limit of 1000 items")
        let most = server.status(
            "BatchGet", BatchGetRequest(keys: [[UInt8]](repeating: [1], count: 1_000)))
        #expect(most == .ok)
        let empty = server.status("BatchGet", BatchGetRequest(keys: [[1], []]))
        #expect(empty.reason == "KEY_EMPTY")
        let long = server.status("BatchGet", BatchGetRequest(keys: [[1], .pattern(1_025)]))
        #expect(long.reason == "KEY_TOO_LONG")
        let namespace = server.status("BatchGet", BatchGetRequest(keys: [], namespace: "n"))
        #expect(namespace.reason == "NAMESPACE_UNKNOWN")
    }
}
