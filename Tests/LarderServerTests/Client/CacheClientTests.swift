import LarderClient
import LarderProtocol
import Synchronization
import Testing

@Suite("CacheClient", .timeLimit(.minutes(2)))
struct CacheClientTests {
    @Test("a read is repeated once on a new connection when the old one is lost")
    func repeatedRead() async throws {
        let server = try FakeServer()
        let client = try await CacheClient.connect(to: server.address)
        let answer = try await client.get(GetRequest(key: [1, 2, 3]))
        #expect(answer.value == [1, 2, 3])
        #expect(server.notes.connectionCount.withLock { $0 } == 2)
    }

    @Test("entries that the server has are counted, not sent, and a load ends with its tally")
    func resumedLoad() async throws {
        let server = try FakeServer()
        let client = try await CacheClient.connect(to: server.address)
        let load = try await client.bulkLoad(
            BulkLoadStart(sessionID: "s"), limits: GetLimitsResponse())
        #expect(load.resumedFrom.committed == 3)
        var sender = load.sender()
        for index in 0..<10 {
            try await sender.append(Entry(key: [UInt8(index)], value: [9]))
        }
        try await sender.finish()
        let last = try await load.nextAcknowledgement()
        #expect(last?.done == true)
        #expect(last?.committed == 10)
        #expect(try await load.nextAcknowledgement() == nil)
        let batches = try Self.batches(server)
        #expect(batches.map(\.firstIndex) == [3])
        #expect(batches.first?.entries.map(\.key) == (3..<10).map { [UInt8($0)] })
    }

    @Test("a value too long for one message goes in parts that make it up again")
    func splitValue() async throws {
        let server = try FakeServer()
        let client = try await CacheClient.connect(to: server.address)
        var limits = GetLimitsResponse()
        limits.maxMessageBytes = 64 << 10
        let load = try await client.bulkLoad(BulkLoadStart(), limits: limits)
        var sender = load.sender()
        let value = (0..<150_000).map { UInt8(truncatingIfNeeded: $0 / 251) }
        for key: UInt8 in 0..<4 { try await sender.append(Entry(key: [key], value: [])) }
        try await sender.append(Entry(key: [9], value: value))
        try await sender.finish()
        // The fake server acknowledges the start of every load.
        while let answer = try await load.nextAcknowledgement(), !answer.done {}
        let parts = try Self.batches(server).flatMap(\.entries).filter { $0.key == [9] }
        #expect(parts.count == 5)
        #expect(parts.allSatisfy { $0.head.valueBytes == 150_000 })
        var whole: [UInt8] = []
        for part in parts {
            #expect(part.head.valueOffset == UInt64(whole.count))
            whole += part.value
        }
        #expect(whole == value)
        #expect(sender.nextIndex == 9)
    }

    private static func batches(_ server: FakeServer) throws -> [EntryBatch] {
        try server.notes.receivedMessages.withLock { $0 }.compactMap { message in
            let request = try BulkLoadRequest(decoding: message.span)
            if case .batch(let batch) = request.part { return batch }
            return nil
        }
    }
}
