import Foundation
import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderService
import Testing

@Suite("Calls in any order, torn anywhere")
struct RandomCallTests {
    @Test("each of 20 calls gets its own answer", arguments: 0..<20 as Range<UInt64>)
    func seeds(block: UInt64) throws {
        let all = ProcessInfo.processInfo.environment["LARDER_TEST_SEEDS"].flatMap { UInt64($0) }
        let ofBlock = (all ?? 500) / 20
        for seed in block * ofBlock..<(block + 1) * ofBlock {
            var run = try RandomRun(seed: seed)
            try run.go()
        }
    }
}

/// One run: calls that are begun, sent in pieces and answered in an order chosen by a seed.
private struct RandomRun {
    private static let callCount = 20

    private var generator: SeededGenerator
    private let pair: CallPair
    private let seed: UInt64
    private var calls: [Call] = []

    /// What a call is to be answered with.
    private enum Expected {
        case value([UInt8])
        case miss
        case stored
        case values([[UInt8]])
        case loaded(UInt64)
        case status(StatusCode)
        case http(String)
        /// Given up by the client: anything may have come before.
        case nothing
    }

    private struct Call {
        var fields: [Field]
        var body: [UInt8]
        var expected: Expected
        var sentBytes = 0
        var isEnded = false
        var stream: StreamRef?
    }

    init(seed: UInt64) throws {
        self.seed = seed
        var generator = SeededGenerator(seed: seed)
        var server = SessionOptions()
        server.initialWindowBytes = Int.random(in: 1 << 10...64 << 10, using: &generator)
        var client = SessionOptions()
        client.initialWindowBytes = Int.random(in: 1 << 10...64 << 10, using: &generator)
        pair = CallPair(client: client, server: server)
        let readBytesMax = [40, 300, 5_000, 1 << 20].randomElement(using: &generator) ?? 40
        let reads = Reads(generator: SeededGenerator(seed: seed ^ 0xABCD), bytesMax: readBytesMax)
        pair.chunkBytes = reads.next
        self.generator = generator
        for index in 0..<Self.callCount { calls.append(try makeCall(index)) }
    }

    private final class Reads {
        private var generator: SeededGenerator
        private let bytesMax: Int

        init(generator: SeededGenerator, bytesMax: Int) {
            self.generator = generator
            self.bytesMax = bytesMax
        }

        func next() -> Int { Int.random(in: 1...bytesMax, using: &generator) }
    }

    private mutating func makeCall(_ index: Int) throws -> Call {
        let key = Array("key-\(index)".utf8)
        let count =
            [0, 5, 1_023, 1_024, 1_025, 3_000, 20_000].randomElement(using: &generator) ?? 0
        let value: [UInt8] = .pattern(count, seed: index)
        let set = framed(SetRequest(key: key, value: value).encoded())
        switch Int.random(in: 0..<14, using: &generator) {
        case 0, 1, 2:
            try pair.store("key-\(index)", value)
            return call("Get", framed(GetRequest(key: key).encoded()), .value(value))
        case 3: return call("Get", framed(GetRequest(key: key).encoded()), .miss)
        case 4, 5: return call("Set", set, .stored)
        case 6: return call("Set", set + set, .status(.unimplemented))
        case 7: return call("Set", set.dropLast(), .status(.internal))
        case 8: return call("Set", [0, 255, 0, 0, 0] + set, .status(.resourceExhausted))
        case 9: return call("Nothing", set, .status(.unimplemented))
        case 10: return makeBatchGet(try (0..<5).map { try stored(index, $0) })
        case 11:
            let last = UInt64.random(in: 0..<30, using: &generator)
            return makeLoad(entries: last, keyed: index)
        case 12:
            var request = call("Get", set, .http("405"))
            request.fields[0].value = "PUT"
            return request
        default: return call("Set", set, .nothing)
        }
    }

    private func stored(_ index: Int, _ part: Int) throws -> [UInt8] {
        let value: [UInt8] = .pattern(part * 700, seed: index + part)
        try pair.store("key-\(index)-\(part)", value)
        return value
    }

    private func makeBatchGet(_ values: [[UInt8]]) -> Call {
        let keys = (0..<5).map { Array("key-\(calls.count)-\($0)".utf8) }
        return call(
            "BatchGet", framed(BatchGetRequest(keys: keys).encoded()), .values(values))
    }

    private func makeLoad(entries: UInt64, keyed index: Int) -> Call {
        var body = framed(
            BulkLoadRequest(.start(BulkLoadStart(sessionID: "", ackEvery: 3))).encoded())
        for entry in 0..<entries {
            let key = Array("load-\(index)-\(entry)".utf8)
            body += framed(
                BulkLoadRequest(
                    .batch(EntryBatch(firstIndex: entry, entries: [Entry(key: key, value: key)]))
                ).encoded())
        }
        return call("BulkLoad", body, .loaded(entries))
    }

    private func call(_ method: String, _ body: some Sequence<UInt8>, _ expected: Expected) -> Call
    {
        let fields = RequestFields(
            path: "/larder.v1.CacheService/\(method)", authority: "localhost")
        return Call(fields: fields.fields, body: Array(body), expected: expected)
    }

    mutating func go() throws {
        while calls.contains(where: { !$0.isEnded }) {
            let index = Int.random(in: calls.indices, using: &generator)
            var call = calls[index]
            try step(&call)
            calls[index] = call
            if Bool.random(using: &generator) { try pair.clientToServer() }
            if Bool.random(using: &generator) { try pair.serverToClient() }
        }
        try pair.run()
        for call in calls { try check(call) }
        #expect(pair.isQuiet, "seed \(seed)")
    }

    private mutating func step(_ call: inout Call) throws {
        guard !call.isEnded else { return }
        let rest = call.body.count - call.sentBytes
        let count =
            Bool.random(using: &generator) ? rest : Int.random(in: 0...rest, using: &generator)
        let piece = Array(call.body[call.sentBytes..<(call.sentBytes + count)])
        call.isEnded = count == rest && Bool.random(using: &generator)
        call.sentBytes += count
        if let stream = call.stream {
            if case .nothing = call.expected, Bool.random(using: &generator) {
                pair.client.reset(stream, code: 8)
                call.isEnded = true
            } else {
                pair.send(stream, bytes: piece, isEnded: call.isEnded)
            }
        } else {
            call.stream = try pair.open(
                fields: call.fields, bytes: piece, isEnded: call.isEnded)
        }
    }

    private func check(_ call: Call) throws {
        let stream = try #require(call.stream)
        let heard = pair.answer(stream)
        switch call.expected {
        case .value(let value):
            let read: GetResponse = try heard.message()
            #expect(read.value == value, "seed \(seed)")
        case .miss:
            let read: GetResponse = try heard.message()
            #expect(read.head.outcome == .miss, "seed \(seed)")
        case .stored:
            let answer: SetResponse = try heard.message()
            #expect(answer.outcome == .stored, "seed \(seed)")
        case .values(let values):
            let answer: BatchGetResponse = try heard.message()
            #expect(answer.responses.map(\.value) == values, "seed \(seed)")
        case .loaded(let count):
            let answers: [BulkLoadResponse] = try heard.messages()
            #expect(heard.status.isOK, "seed \(seed)")
            #expect(answers.last?.done == true, "seed \(seed)")
            #expect(answers.last?.stored == count, "seed \(seed)")
        case .status(let code):
            #expect(heard.status.code == code, "seed \(seed)")
            #expect(heard.errorInfo?.domain == "larder.v1", "seed \(seed)")
        case .http(let status): #expect(heard.field(":status") == status, "seed \(seed)")
        case .nothing: break
        }
    }
}
