import LarderCache
import LarderGRPC
import LarderProtocol
import LarderService
import Testing

@Suite("Idle expiry")
struct IdleExpiryTests {
    let server = TestServer()

    private func set(_ key: String, idleMillis: UInt64, ttlMillis: UInt64? = nil) throws {
        let answer: SetResponse = try server.answer(
            "Set",
            SetRequest(
                key: Array(key.utf8), value: [1], ttlMillis: ttlMillis, idleMillis: idleMillis))
        #expect(answer.outcome == .stored)
    }

    private func outcome(_ request: GetRequest) throws -> GetOutcome {
        let answer: GetResponse = try server.answer("Get", request)
        return answer.head.outcome
    }

    @Test("an item lives as long as it is read, and expires when it is not")
    func readsKeepAlive() throws {
        try set("a", idleMillis: 100)
        for _ in 0..<20 {
            server.advance(millis: 99)
            #expect(try server.get("a").head.outcome == .hit)
        }
        #expect(try server.get("a").head.ttlMillis == nil)
        server.advance(millis: 100)
        #expect(try server.get("a").head.outcome == .miss)
        #expect(server.cache.statistics().expired == 1)
    }

    @Test("a peek is no use, a read of metadata is, and the time to live ends it all the same")
    func whatIsUse() throws {
        let key = Array("a".utf8)
        try set("a", idleMillis: 100)
        server.advance(millis: 60)
        #expect(try outcome(GetRequest(key: key, peek: true)) == .hit)
        server.advance(millis: 60)
        #expect(try outcome(GetRequest(key: key, peek: true)) == .miss)

        try set("a", idleMillis: 100, ttlMillis: 150)
        server.advance(millis: 90)
        #expect(try outcome(GetRequest(key: key, metadataOnly: true)) == .hit)
        server.advance(millis: 59)
        #expect(try server.get("a").head.ttlMillis == 1)
        server.advance(millis: 1)
        #expect(try server.get("a").head.outcome == .miss)
    }

    @Test("what is exported from one server and loaded into another expires unused there too")
    func roundTrip() throws {
        try set("a", idleMillis: 500)
        let export = TestStream(server, "Export")
        export.send(ExportRequest())
        export.drain()
        let entries = try export.answers(ExportResponse.self).flatMap(\.entries)
        #expect(entries.map(\.head.idleMillis) == [500])

        let other = TestServer()
        let load = TestStream(other, "BulkLoad")
        load.send(BulkLoadRequest(.start(BulkLoadStart())))
        load.send(BulkLoadRequest(.batch(EntryBatch(firstIndex: 0, entries: entries))))
        load.halfClose()
        #expect(load.status == .ok)
        #expect(try other.get("a").head.outcome == .hit)
        other.advance(millis: 500)
        #expect(try other.get("a").head.outcome == .miss)
    }
}
