import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderServer
import LarderService
import Testing

@Suite("Streaming calls of a connection")
struct StreamingCallTests {
    let pair = CallPair()

    private func entries(_ range: Range<UInt64>) -> BulkLoadRequest {
        BulkLoadRequest(
            .batch(
                EntryBatch(
                    firstIndex: range.lowerBound,
                    entries: range.map { Entry(key: Array("k\($0)".utf8), value: [1, 2, 3]) })))
    }

    @Test("a load is acknowledged as it goes, and once more when it is done")
    func bulkLoad() throws {
        let stream = try pair.open("BulkLoad", isEnded: false)
        pair.send(stream, BulkLoadRequest(.start(BulkLoadStart(sessionID: "", ackEvery: 10))))
        try pair.run()
        #expect(pair.answer(stream).blockCount == 0)
        for batch in 0..<5 as Range<UInt64> {
            pair.send(stream, entries(batch * 10..<(batch + 1) * 10))
            try pair.run()
            let acks: [BulkLoadResponse] = try pair.answer(stream).messages()
            #expect(acks.map(\.committed) == (1...batch + 1).map { $0 * 10 })
        }
        pair.client.endBody(stream)
        try pair.run()
        let last = try pair.answer(stream).messages(as: BulkLoadResponse.self).last
        #expect(last?.done == true)
        #expect(last?.stored == 50)
        #expect(pair.status(stream).isOK)
        #expect(pair.isQuiet)
    }

    @Test("a load may be torn at every byte")
    func tornBulkLoad() throws {
        let stream = try pair.open("BulkLoad", isEnded: false)
        var bytes = framed(BulkLoadRequest(.start(BulkLoadStart())).encoded())
        bytes += framed(entries(0..<3).encoded()) + framed(entries(3..<4).encoded())
        for byte in bytes {
            pair.send(stream, bytes: [byte])
            try pair.run()
        }
        pair.client.endBody(stream)
        try pair.run()
        let done: BulkLoadResponse = try pair.answer(stream).message()
        #expect(done.stored == 4)
        #expect(pair.isQuiet)
    }

    @Test("acknowledgements that nobody reads are replaced, not piled up")
    func unreadAcknowledgements() throws {
        var client = SessionOptions()
        client.initialWindowBytes = 64
        let pair = CallPair(client: client)
        pair.isReading = false
        let stream = try pair.open("BulkLoad", isEnded: false)
        pair.send(stream, BulkLoadRequest(.start(BulkLoadStart(sessionID: "", ackEvery: 1))))
        for index in 0..<2_000 as Range<UInt64> { pair.send(stream, entries(index..<index + 1)) }
        try pair.run()
        #expect(pair.pendingBodyBytes < 1_000)
        pair.readOn(stream)
        pair.client.endBody(stream)
        try pair.run()
        let last = try pair.answer(stream).messages(as: BulkLoadResponse.self).last
        #expect(last?.done == true)
        #expect(last?.stored == 2_000)
        #expect(pair.status(stream).isOK)
        #expect(pair.isQuiet)
    }

    @Test("a load that is cut off inside a message is INTERNAL, never OK")
    func cutLoad() throws {
        let stream = try pair.open("BulkLoad", isEnded: false)
        pair.send(stream, BulkLoadRequest(.start(BulkLoadStart(sessionID: "s"))))
        pair.send(stream, entries(0..<3))
        try pair.run()
        pair.send(stream, bytes: [0, 0, 0], isEnded: true)
        try pair.run()
        #expect(pair.answer(stream).messages.count == 1)
        #expect(pair.status(stream).code == .internal)
        #expect(pair.answer(stream).errorInfo?.reason == "MESSAGE_TRUNCATED")
        #expect(pair.isQuiet)
    }

    @Test("what ends a call from outside lets go of what it has gathered", arguments: 0..<5)
    func endsFromOutside(way: Int) throws {
        var limits = Limits()
        limits.bulkAssemblyBytesMax = 1_000
        let pair = CallPair(limits: limits)
        let part = Entry(key: [1], value: .pattern(900), head: EntryHead(valueBytes: 1_800))
        let batch = BulkLoadRequest(.batch(EntryBatch(firstIndex: 0, entries: [part])))
        let stream = try pair.open("BulkLoad", isEnded: false, timeoutNanos: 1_000_000)
        pair.send(stream, BulkLoadRequest(.start(BulkLoadStart())))
        pair.send(stream, batch)
        try pair.run()
        let late = pair.calls.takeDeadlines()
        switch way {
        case 0: pair.client.reset(stream, code: 8)
        case 1: pair.send(stream, bytes: [9, 0, 0, 0, 0])
        case 2: for call in late { pair.calls.cancel(call.stream, .deadlineExceeded) }
        case 3: pair.calls.endAll(.draining)
        default: pair.calls.forgetAll()
        }
        try pair.run()
        let next = try pair.open("BulkLoad", isEnded: false)
        pair.send(next, BulkLoadRequest(.start(BulkLoadStart())))
        pair.send(next, batch)
        try pair.run()
        #expect(!pair.answer(next).isEnded)
    }

    @Test("an export goes no further than its bound while nobody reads, and then goes on")
    func export() throws {
        var client = SessionOptions()
        client.initialWindowBytes = 64 << 10
        let pair = CallPair(client: client)
        for index in 0..<300 { try pair.store("k\(index)", .pattern(10_000, seed: index)) }
        pair.isReading = false
        let stream = try pair.call("Export", ExportRequest())
        try pair.run()
        let bound = pair.services.limits.exportPendingBytesMax
        let message = pair.services.limits.exportMessageBytes
        #expect(pair.answer(stream).body.count == 64 << 10)
        #expect(pair.pendingBodyBytes > 0)
        #expect(pair.pendingBodyBytes <= bound + message + 4_096)
        try pair.run()
        #expect(pair.answer(stream).body.count == 64 << 10)
        pair.readOn(stream)
        try pair.run()
        #expect(pair.status(stream).isOK)
        let messages: [ExportResponse] = try pair.answer(stream).messages()
        let entries = messages.flatMap(\.entries)
        #expect(Set(entries.map(\.key)).count == 300)
        for entry in entries {
            let index = try #require(Int(String(decoding: entry.key.dropFirst(), as: UTF8.self)))
            #expect(entry.value == .pattern(10_000, seed: index))
        }
        #expect(pair.isQuiet)
    }

    @Test("a stalled export does not hold up the other calls of its connection")
    func exportBesideGets() throws {
        var client = SessionOptions()
        client.initialWindowBytes = 16 << 10
        let pair = CallPair(client: client)
        for index in 0..<100 { try pair.store("k\(index)", .pattern(10_000, seed: index)) }
        pair.isReading = false
        let export = try pair.call("Export", ExportRequest())
        try pair.run()
        let get = try pair.call("Get", GetRequest(key: Array("k7".utf8)))
        try pair.run()
        let read: GetResponse = try pair.answer(get).message()
        #expect(read.value == .pattern(10_000, seed: 7))
        pair.client.reset(export, code: 8)
        try pair.run()
        #expect(pair.isQuiet)
    }

    @Test("a pipeline whose answers nobody reads is not read from, and then goes on in order")
    func pausedPipeline() throws {
        var client = SessionOptions()
        client.initialWindowBytes = 64 << 10
        let pair = CallPair(client: client)
        try pair.store("k", .pattern(1_000))
        pair.isReading = false
        let stream = try pair.open("Pipeline", isEnded: false)
        let other = SetRequest(key: [1], value: .pattern(1_000))
        for id in 0..<4_000 as Range<UInt64> {
            pair.send(
                stream,
                PipelineRequest([
                    Operation(id: id, .get(GetRequest(key: Array("k".utf8)))),
                    Operation(id: id, .set(other), quiet: true),
                ]))
        }
        pair.client.endBody(stream)
        try pair.run()
        let limits = pair.services.limits
        #expect(pair.pendingBodyBytes <= limits.pipelinePendingBytesMax + 2_000)
        #expect(pair.services.peerMemory.uploadBytes > 0)
        #expect(pair.client.pendingBodyBytes > 1 << 20)
        pair.readOn(stream)
        try pair.run()
        #expect(pair.status(stream).isOK)
        let results = try pair.answer(stream).messages(as: PipelineResponse.self).flatMap(\.results)
        #expect(results.map(\.id) == Array(0..<4_000))
        #expect(pair.services.peerMemory.uploadBytes == 0)
        #expect(pair.isQuiet)
    }

    @Test("a health watcher hears the state at once, and of an unknown service too")
    func watch() throws {
        let known = try pair.call("/grpc.health.v1.Health/Watch", HealthCheckRequest(service: ""))
        let unknown = try pair.call(
            "/grpc.health.v1.Health/Watch", HealthCheckRequest(service: "nobody"))
        try pair.run()
        let states: [HealthCheckResponse] = try pair.answer(known).messages()
        #expect(states.map(\.status) == [.serving])
        let others: [HealthCheckResponse] = try pair.answer(unknown).messages()
        #expect(others.map(\.status) == [.serviceUnknown])
        #expect(!pair.answer(known).isEnded)
        #expect(!pair.answer(unknown).isEnded)
    }

    @Test("who asks and asks without reading loses the call")
    func unreadReflection() throws {
        var client = SessionOptions()
        client.initialWindowBytes = 1_024
        let pair = CallPair(client: client)
        pair.isReading = false
        let stream = try pair.open(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", isEnded: false)
        let question = ServerReflectionRequest(.fileContainingSymbol("larder.v1.CacheService"))
        for _ in 0..<2_000 { pair.send(stream, question) }
        try pair.run()
        #expect(pair.pendingBodyBytes > 1 << 20)
        #expect(pair.pendingBodyBytes < 5 << 20)
        pair.readOn(stream)
        try pair.run()
        #expect(pair.status(stream).code == .resourceExhausted)
        #expect(pair.answer(stream).errorInfo?.reason == "ANSWERS_UNREAD")
        #expect(pair.isQuiet)
    }
}
