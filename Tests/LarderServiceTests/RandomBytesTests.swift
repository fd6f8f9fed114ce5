import LarderCache
import LarderGRPC
import LarderProtocol
import LarderService
import Testing

@Suite("Random bytes")
struct RandomBytesTests {
    // Good messages to begin from: most random bytes end in the decoder, these get further.
    private static let seeds: [[UInt8]] = [
        GetRequest(key: [1, 2], ifVersionNot: 3, maxInlineBytes: 4, maxAgeMillis: 5).encoded(),
        SetRequest(key: [1, 2], value: .pattern(40), ttlMillis: 3, condition: .ifVersion(2))
            .encoded(),
        SetRequest(key: [1], value: .pattern(2_000), mode: .append, returnCurrent: true).encoded(),
        DeleteRequest(key: [1, 2], ifVersion: 1).encoded(),
        BatchGetRequest(keys: [[1], [1, 2], [3]], maxResponseBytes: 100).encoded(),
        BulkLoadRequest(.start(BulkLoadStart(sessionID: "s", ackEvery: 1))).encoded(),
        BulkLoadRequest(
            .batch(
                EntryBatch(
                    firstIndex: 0,
                    entries: [
                        Entry(key: [1], value: [2]),
                        Entry(key: [1], value: [2], head: EntryHead(valueBytes: 2)),
                        Entry(
                            key: [1], value: [2], head: EntryHead(valueBytes: 2, valueOffset: 1)),
                    ]))
        ).encoded(),
        ExportRequest(namespace: "", keyPrefix: [1], hashEnd: .max, limit: 3).encoded(),
        HealthCheckRequest(service: "larder.v1.CacheService").encoded(),
        ServerReflectionRequest(.fileContainingSymbol("larder.v1.GetRequest")).encoded(),
    ]

    private func mutated(_ generator: inout SeededGenerator) -> [UInt8] {
        guard var bytes = Self.seeds.randomElement(using: &generator), !bytes.isEmpty,
            Int.random(in: 0..<4, using: &generator) > 0
        else { return generator.bytes(upTo: 60) }
        for _ in 0..<Int.random(in: 0...3, using: &generator) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
            case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2: bytes.removeLast(bytes.count - index)
            default: bytes.insert(0xFF, at: index)
            }
        }
        return bytes
    }

    @Test("no bytes that a peer can send make any method trap", arguments: 0..<8)
    func everyMethod(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let server = TestServer(budgetBytes: 1 << 20)
        for _ in 0..<150 {
            for method in MethodTable.all {
                if method.shape == .unary {
                    _ = server.call("\(method.fullName)", bytes: mutated(&generator))
                    continue
                }
                let stream = TestStream(server, "\(method.fullName)")
                stream.isRead = Bool.random(using: &generator)
                if method.handler == .bulkLoad { stream.send(bytes: Self.seeds[5]) }
                for _ in 0..<Int.random(in: 0...4, using: &generator) {
                    switch Int.random(in: 0..<6, using: &generator) {
                    case 0: stream.flush()
                    case 1: stream.wake()
                    default: stream.send(bytes: mutated(&generator))
                    }
                }
                stream.halfClose()
                stream.call.cancelled()
            }
            server.advance(millis: 1)
        }
        server.cache.checkInvariants()
    }

    @Test("random paths find nothing")
    func paths() {
        var generator = SeededGenerator(seed: 1)
        let table = MethodTable(reflection: true)
        for _ in 0..<20_000 {
            let path = generator.bytes(upTo: 80)
            #expect(table.method(path: path.span) == nil)
        }
    }
}
