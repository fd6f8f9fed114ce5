import LarderCache
import LarderGRPC
import LarderProtocol
import LarderService
import Testing

@Suite("Pipeline")
struct PipelineTests {
    private func get(_ id: UInt64, _ key: String, quiet: Bool = false) -> Operation {
        Operation(id: id, .get(GetRequest(key: Array(key.utf8))), quiet: quiet)
    }

    private func set(
        _ id: UInt64, _ key: String, _ value: [UInt8], quiet: Bool = false
    )
        -> Operation
    {
        Operation(id: id, .set(SetRequest(key: Array(key.utf8), value: value)), quiet: quiet)
    }

    private func delete(_ id: UInt64, _ key: String, quiet: Bool = false) -> Operation {
        Operation(id: id, .delete(DeleteRequest(key: Array(key.utf8))), quiet: quiet)
    }

    private func results(_ stream: TestStream) throws -> [OperationResult] {
        try stream.answers(PipelineResponse.self).flatMap(\.results)
    }

    @Test("operations are done in order, and each answer carries its operation's id")
    func order() throws {
        let stream = TestStream(TestServer(), "Pipeline")
        stream.send(
            PipelineRequest([
                get(7, "k"), set(8, "k", [1, 2]), get(9, "k"), delete(10, "k"), get(11, "k"),
                delete(12, "k"),
            ]))
        stream.halfClose()
        #expect(stream.status == .ok)
        #expect(stream.messages.count == 1)
        let answers = try results(stream)
        #expect(answers.map(\.id) == [7, 8, 9, 10, 11, 12])
        guard case .get(let miss) = answers[0].answer, case .set(let stored) = answers[1].answer,
            case .get(let hit) = answers[2].answer
        else { throw TestServer.Failure(status: .ok) }
        #expect(miss.head.outcome == .miss)
        #expect(stored.outcome == .stored)
        #expect(hit.value == [1, 2])
        #expect(hit.head.version == stored.version)
        #expect(answers[3].answer == .delete(DeleteResponse(outcome: .deleted)))
        #expect(answers[4].answer == .get(GetResponse(head: GetResponseHead(outcome: .miss))))
        #expect(answers[5].answer == .delete(DeleteResponse(outcome: .miss)))
    }

    @Test("in a large cache, whose keys are made ready, answers are the same")
    func largeCache() throws {
        let server = TestServer()
        for number in 0..<6_000 { try server.set("k\(number)", .pattern(400 + number % 7)) }
        #expect(server.cache.looksAhead)
        let stream = TestStream(server, "Pipeline")
        let operations = (0..<200).map { index -> LarderProtocol.Operation in
            let id = UInt64(index)
            switch index % 5 {
            case 0: return get(id, "k\(index * 29)")
            case 1: return set(id, "k\(index * 29 + 1)", [UInt8(index)])
            case 2: return get(id, "k\((index - 1) * 29 + 1)")
            case 3: return delete(id, "k\(index * 29)")
            default: return get(id, index % 2 == 0 ? "" : "k\((index - 1) * 29)")
            }
        }
        stream.send(PipelineRequest(operations))
        stream.halfClose()
        #expect(stream.status == .ok)
        let answers = try results(stream)
        #expect(answers.map(\.id) == (0..<200).map { UInt64($0) })
        for (index, result) in answers.enumerated() {
            switch (index % 5, result.answer) {
            case (0, .get(let hit)): #expect(hit.value == .pattern(400 + index * 29 % 7))
            case (1, .set(let answer)): #expect(answer.outcome == .stored)
            case (2, .get(let hit)): #expect(hit.value == [UInt8(index - 1)])
            case (3, .delete(let answer)): #expect(answer.outcome == .deleted)
            case (4, .get(let miss)) where index % 2 == 1: #expect(miss.head.outcome == .miss)
            case (4, .error) where index % 2 == 0: break
            default: Issue.record("operation \(index) has another answer")
            }
        }
        // What can not be read ends the call, as it does without a look ahead.
        let broken = TestStream(server, "Pipeline")
        broken.send(bytes: PipelineRequest([get(1, "k1")]).encoded() + [0x0A, 0x05, 0x12])
        #expect(broken.status?.code == .internal)
        #expect(try results(broken).map(\.id) == [1])
    }

    @Test("a quiet operation answers only what is out of the ordinary")
    func quiet() throws {
        let server = TestServer()
        let stream = TestStream(server, "Pipeline")
        stream.send(
            PipelineRequest([
                get(1, "k", quiet: true), set(2, "k", [5], quiet: true), get(3, "k", quiet: true),
                delete(4, "k", quiet: true), delete(5, "k", quiet: true),
                set(6, "", [5], quiet: true),
            ]))
        #expect(try results(stream).map(\.id) == [3, 5, 6])
        stream.send(PipelineRequest([set(7, "k", [5], quiet: true)]))
        #expect(stream.messages.count == 1)
        stream.halfClose()
        #expect(stream.status == .ok)
    }

    @Test("what a unary call would refuse is that operation's error, and the others go on")
    func errors() throws {
        let server = TestServer()
        let stream = TestStream(server, "Pipeline")
        let long = String(repeating: "k", count: 1_025)
        let elsewhere = GetRequest(key: [1], namespace: "elsewhere")
        stream.send(
            PipelineRequest([
                get(1, ""), set(2, long, [1]), Operation(id: 3, .get(elsewhere)),
                Operation(id: 4, .none), Operation(id: 5, .touch(TouchRequest(key: [1]))),
                Operation(id: 6, .increment(IncrementRequest(key: [1], delta: 1))),
                set(7, "k", [1]),
            ]))
        let answers = try results(stream)
        let codes: [Int32?] = answers.map {
            if case .error(let error) = $0.answer { error.code } else { nil }
        }
        #expect(codes == [3, 3, 5, 3, 12, 12, nil])
        guard case .error(let unary) = answers[1].answer else {
            throw TestServer.Failure(status: .ok)
        }
        let alone = server.status("Set", SetRequest(key: Array(long.utf8), value: [1]))
        #expect(unary.message == alone.message)
        #expect(unary.reason == "KEY_TOO_LONG")
        #expect(stream.status == nil)
    }

    @Test("a failed condition tells what is there, value and all", arguments: [10, 5_000])
    func conditions(valueBytes: Int) throws {
        let server = TestServer()
        try server.set("k", .pattern(valueBytes))
        let stream = TestStream(server, "Pipeline")
        let request = SetRequest(
            key: Array("k".utf8), value: [1], condition: .ifAbsent(true), returnCurrent: true)
        stream.send(PipelineRequest([Operation(id: 1, .set(request)), get(2, "k")]))
        let answers = try results(stream)
        guard case .set(let refused) = answers[0].answer, case .get(let read) = answers[1].answer
        else { throw TestServer.Failure(status: .ok) }
        #expect(refused.outcome == .conditionFailed)
        #expect(refused.current == read)
        #expect(read.value == .pattern(valueBytes))
    }

    @Test("a request that does not parse ends the call, after the answers before it")
    func malformed() throws {
        let stream = TestStream(TestServer(), "Pipeline")
        var writer = WireWriter()
        writer.message(1) { set(1, "k", [1]).encode(into: &$0) }
        writer.message(1) { $0.string(2, "\u{7F}") }
        stream.send(bytes: writer.array)
        #expect(stream.status?.code == .internal)
        #expect(try results(stream).map(\.id) == [1])
    }

    @Test("many answers come in messages of a bounded length")
    func longAnswers() throws {
        let server = TestServer()
        try server.set("k", .pattern(1_000))
        let stream = TestStream(server, "Pipeline")
        stream.send(PipelineRequest((0..<200).map { get($0, "k") }))
        #expect(stream.messages.count == 4)
        #expect(stream.messages.allSatisfy { $0.count < (64 << 10) + 1_100 })
        #expect(try results(stream).map(\.id) == Array(0..<200))
    }

    @Test("what is not read is not gone on with: the call pauses and later ends in order")
    func pausing() throws {
        var limits = Limits()
        limits.pipelinePendingBytesMax = 10_000
        limits.pipelineMessageBytes = 4_000
        let server = TestServer(limits: limits)
        try server.set("k", .pattern(900))
        let stream = TestStream(server, "Pipeline")
        stream.isRead = false
        stream.send(PipelineRequest((0..<30).map { get($0, "k") }))
        #expect(stream.call.isPaused)
        #expect(stream.call.heldBytes > 0)
        #expect(try results(stream).count == 11)
        stream.send(PipelineRequest([get(30, "k"), set(31, "k", [1]), get(32, "k")]))
        stream.halfClose()
        #expect(try results(stream).count == 11)
        #expect(stream.status == nil)
        stream.flush()
        #expect(try results(stream).count == 22)
        stream.drain()
        #expect(stream.status == .ok)
        let answers = try results(stream)
        #expect(answers.map(\.id) == Array(0..<33))
        guard case .get(let last) = answers[32].answer else {
            throw TestServer.Failure(status: .ok)
        }
        #expect(last.value == [1])
        #expect(stream.call.heldBytes == 0)
    }

    @Test("operations that wait too long are not begun")
    func timeouts() throws {
        var limits = Limits()
        limits.pipelinePendingBytesMax = 1_000
        let server = TestServer(limits: limits)
        try server.set("k", .pattern(1_000))
        let stream = TestStream(server, "Pipeline")
        stream.isRead = false
        var late = set(2, "late", [1])
        late.timeoutMillis = 100
        var early = set(3, "early", [1])
        early.timeoutMillis = 101
        stream.send(PipelineRequest([get(1, "k"), late, early]))
        server.advance(millis: 100)
        stream.drain(eventsMax: 1)
        let answers = try results(stream)
        guard case .error(let error) = answers[1].answer else {
            throw TestServer.Failure(status: .ok)
        }
        #expect(error.code == 4)
        #expect(try server.get("late").head.outcome == .miss)
        #expect(try server.get("early").head.outcome == .hit)
    }

    @Test("a backlog over its bound ends the call")
    func backlog() throws {
        var limits = Limits()
        limits.pipelinePendingBytesMax = 1_000
        limits.pipelineBacklogBytesMax = 2_000
        let server = TestServer(limits: limits)
        try server.set("k", .pattern(1_000))
        let stream = TestStream(server, "Pipeline")
        stream.isRead = false
        stream.send(PipelineRequest([get(1, "k"), get(2, "k")]))
        stream.send(PipelineRequest([set(3, "a", .pattern(1_900))]))
        #expect(stream.status == nil)
        stream.send(PipelineRequest([set(4, "b", .pattern(100))]))
        #expect(stream.status?.code == .resourceExhausted)
        #expect(stream.status?.reason == "PIPELINE_BACKLOG")
    }

    @Test("random operations answer as unary calls do", arguments: 0..<20 as Range<UInt64>)
    func asUnary(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let (piped, single) = (TestServer(), TestServer())
        let stream = TestStream(piped, "Pipeline")
        var expected: [OperationResult] = []
        for id in 0..<200 as Range<UInt64> {
            let key: [UInt8] = [UInt8.random(in: 0..<8, using: &random)]
            let operation: Operation
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                let request = GetRequest(key: key)
                operation = Operation(id: id, .get(request))
                expected.append(OperationResult(id: id, .get(try single.answer("Get", request))))
            case 1:
                let count = Int.random(in: 0..<3_000, using: &random)
                let request = SetRequest(
                    key: key, value: .pattern(count),
                    condition: Bool.random(using: &random) ? .none : .ifAbsent(true),
                    returnCurrent: true)
                operation = Operation(id: id, .set(request))
                expected.append(OperationResult(id: id, .set(try single.answer("Set", request))))
            default:
                let request = DeleteRequest(key: key)
                operation = Operation(id: id, .delete(request))
                expected.append(
                    OperationResult(id: id, .delete(try single.answer("Delete", request))))
            }
            stream.send(PipelineRequest([operation]))
        }
        #expect(try results(stream) == expected)
    }
}
