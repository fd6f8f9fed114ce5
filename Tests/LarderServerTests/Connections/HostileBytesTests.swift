import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderServer
import LarderService
import Testing

@Suite("Bytes that no client should send")
struct HostileBytesTests {
    /// What a client says that uses many methods, as one piece.
    private func conversation() throws -> [UInt8] {
        let pair = CallPair()
        var bytes = try pair.clientSends()
        for round in 0..<3 as Range<UInt64> {
            _ = try pair.call("Set", SetRequest(key: [1], value: .pattern(3_000)))
            _ = try pair.call("Get", GetRequest(key: [1]))
            _ = try pair.call("BatchGet", BatchGetRequest(keys: [[1], [2]]))
            _ = try pair.call("Export", ExportRequest())
            _ = try pair.call("/grpc.health.v1.Health/Watch", HealthCheckRequest(service: ""))
            let load = try pair.open("BulkLoad", isEnded: false, timeoutNanos: 1_000_000)
            pair.send(load, BulkLoadRequest(.start(BulkLoadStart(sessionID: "s", ackEvery: 1))))
            bytes += try pair.clientSends()
            let part = Entry(key: [3], value: .pattern(50), head: EntryHead(valueBytes: 100))
            pair.send(
                load, BulkLoadRequest(.batch(EntryBatch(firstIndex: round, entries: [part]))))
            bytes += try pair.clientSends()
            let questions = try pair.open(
                "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", isEnded: false)
            pair.send(questions, ServerReflectionRequest(.listServices("")), isEnded: true)
            let given = try pair.open("Get", isEnded: false)
            bytes += try pair.clientSends()
            pair.client.reset(given, code: 8)
            pair.client.finish(load, trailers: HeaderBlock([(name: "x", value: "y")]))
            bytes += try pair.clientSends()
        }
        return bytes
    }

    @Test("changed anywhere, they cost their connection at most", arguments: 0..<8 as Range<UInt64>)
    func changed(block: UInt64) throws {
        let conversation = try conversation()
        for seed in block * 50..<(block + 1) * 50 {
            var generator = SeededGenerator(seed: seed)
            var bytes = conversation
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                // After the preface, so that more than the first look is tried.
                let place = Int.random(in: 24..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes.remove(at: place)
                case 1: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
                case 2: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                default:
                    bytes[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
                }
            }
            try play(bytes, using: &generator)
        }
    }

    /// Gives the bytes to a server in torn reads, with all that may happen between two of them.
    private func play(_ bytes: [UInt8], using generator: inout SeededGenerator) throws {
        let pair = CallPair()
        var start = 0
        do {
            while start < bytes.count {
                let count = Int.random(in: 1...2_000, using: &generator)
                let end = min(bytes.count, start + count)
                try pair.serverReceives(Array(bytes[start..<end]))
                start = end
                for call in pair.calls.takeDeadlines() where Bool.random(using: &generator) {
                    pair.calls.cancel(call.stream, .deadlineExceeded)
                }
                if Bool.random(using: &generator) { _ = try pair.serverSends() }
                if Int.random(in: 0..<50, using: &generator) == 0 {
                    pair.calls.beginDrain(nowNanos: pair.nowNanos, scratch: &pair.scratch)
                }
            }
            pair.calls.endAll(.draining)
            while try pair.serverSends().hasNews {}
        } catch is HTTP2Error {
            // The one way for a session to give up.
        }
        pair.calls.forgetAll()
    }
}
