import LarderCache
import LarderGRPC
import LarderProtocol
import LarderService
import Testing

@Suite("Export")
struct ExportTests {
    let server = TestServer()

    private func export(
        _ request: ExportRequest = ExportRequest(), on server: TestServer? = nil,
        services: Services? = nil
    ) -> TestStream {
        let stream = TestStream(server ?? self.server, "Export", services: services)
        stream.send(request)
        return stream
    }

    private func all(_ request: ExportRequest = ExportRequest()) throws -> [ExportResponse] {
        let stream = export(request)
        stream.drain()
        #expect(stream.status == .ok)
        return try stream.answers()
    }

    private func keys(_ responses: [ExportResponse]) -> [String] {
        responses.flatMap(\.entries).map { String(decoding: $0.key, as: UTF8.self) }
    }

    private func fill(_ range: Range<Int>) throws {
        for index in range { try server.set("k\(index)", .pattern(index % 100)) }
    }

    @Test("every entry comes once with all that belongs to it")
    func fields() throws {
        let _: SetResponse = try server.answer(
            "Set",
            SetRequest(
                key: Array("a".utf8), value: [1, 2], ttlMillis: 5_000, idleMillis: 3_000, flags: 6,
                version: 8))
        try server.set("b", [])
        server.advance(millis: 1_000)
        let entries = try all().flatMap(\.entries).sorted { $0.key[0] < $1.key[0] }
        #expect(entries.count == 2)
        #expect(entries[0].key == Array("a".utf8))
        #expect(entries[0].value == [1, 2])
        let (key, value) = (entries[0].key, entries[0].value)
        let crc = CRC32C.of(key: key.span, value: value.span)
        #expect(
            entries[0].head
                == EntryHead(
                    ttlMillis: 4_000, idleMillis: 3_000, flags: 6, version: 8, crc32c: crc))
        #expect(entries[1].value.isEmpty)
        #expect(entries[1].head.ttlMillis == nil)
    }

    @Test("an empty cache gives one message without entries")
    func empty() throws {
        let responses = try all()
        #expect(responses.count == 1)
        #expect(responses[0].entries.isEmpty)
        #expect(!responses[0].cursor.isEmpty)
    }

    @Test("expired entries are not sent")
    func expired() throws {
        try server.set("a", [1], ttlMillis: 10)
        try server.set("b", [1])
        server.advance(millis: 10)
        #expect(keys(try all()) == ["b"])
    }

    @Test("only as much as there is room for is said at once, in messages of about 64 KiB")
    func bounded() throws {
        for index in 0..<2_000 { try server.set("k\(index)", .pattern(1_000)) }
        let stream = export()
        let first = stream.messages.reduce(0) { $0 + $1.count }
        #expect(first >= 256 << 10)
        #expect(first <= (256 << 10) + (66 << 10))
        #expect(stream.status == nil)
        stream.drain()
        #expect(stream.status == .ok)
        #expect(stream.messages.allSatisfy { $0.count <= 66 << 10 })
        let responses = try stream.answers(ExportResponse.self)
        #expect(Set(keys(responses)).count == 2_000)
        #expect(keys(responses).count == 2_000)
        #expect(responses.last?.scanned == 2_000)
        #expect(responses.allSatisfy { $0.total == 2_000 })
    }

    @Test("only keys with the prefix come")
    func prefix() throws {
        try fill(0..<300)
        let found = keys(try all(ExportRequest(namespace: "", keyPrefix: Array("k29".utf8))))
        #expect(Set(found) == Set(["k29"] + (290..<300).map { "k\($0)" }))
        #expect(keys(try all(ExportRequest(namespace: "", keyPrefix: .pattern(2_000)))).isEmpty)
    }

    @Test("two halves of the ring are the whole and share nothing")
    func ring() throws {
        try fill(0..<500)
        let middle: UInt64 = 1 << 63
        let low = keys(
            try all(ExportRequest(namespace: "default", hashBegin: 0, hashEnd: middle - 1)))
        let high = keys(try all(ExportRequest(namespace: "", hashBegin: middle, hashEnd: .max)))
        #expect(Set(low).isDisjoint(with: high))
        #expect(Set(low + high).count == 500)
        #expect(low.count > 150)
        let namespace = Array("default".utf8)
        for key in low {
            let bytes = Array(key.utf8)
            #expect(RoutingKey.place(namespace: namespace.span, key: bytes.span) < middle)
        }
    }

    @Test("metadata only has lengths and no values")
    func metadataOnly() throws {
        try server.set("a", .pattern(200_000))
        try server.set("b", .pattern(3))
        let entries = try all(ExportRequest(namespace: "", metadataOnly: true)).flatMap(\.entries)
        #expect(entries.map(\.head.valueBytes).sorted() == [3, 200_000])
        #expect(entries.allSatisfy { $0.value.isEmpty && $0.head.crc32c == nil })
    }

    @Test("the limit counts entries, and the cursor goes on behind them", arguments: [1, 7, 250])
    func limit(count: Int) throws {
        try fill(0..<1_000)
        var seen: [String] = []
        var cursor: [UInt8] = []
        for _ in 0..<2_000 {
            let part = try all(ExportRequest(namespace: "", limit: UInt64(count), cursor: cursor))
            let found = keys(part)
            #expect(found.count <= count)
            seen += found
            cursor = try #require(part.last).cursor
            if found.isEmpty { break }
        }
        #expect(seen.count == 1_000)
        #expect(Set(seen).count == 1_000)
    }

    @Test("the limit counts what passes the filter")
    func limitAndFilter() throws {
        try fill(0..<1_000)
        let request = ExportRequest(namespace: "", keyPrefix: Array("k9".utf8), limit: 50)
        let found = keys(try all(request))
        #expect(found.count == 50)
        #expect(found.allSatisfy { $0.hasPrefix("k9") })
    }

    @Test("a filter that lets nothing through ends, and shows progress on the way")
    func nothingPasses() throws {
        for index in 0..<20_000 { try server.set("k\(index)", [1]) }
        let stream = export(ExportRequest(namespace: "", keyPrefix: [0]))
        #expect(stream.status == nil)
        #expect(stream.messages.count == 1)
        stream.drain()
        #expect(stream.status == .ok)
        #expect((2...10).contains(stream.messages.count))
        #expect(try stream.answers(ExportResponse.self).last?.scanned == 20_000)
    }

    @Test("a broken export goes on from any of its cursors and loses nothing")
    func resumes() throws {
        for index in 0..<400 {
            try server.set("k\(index)", .pattern(index % 7 == 0 ? 70_000 : 900))
        }
        let responses = try all()
        #expect(responses.count > 50)
        for cut in [0, 1, responses.count / 2, responses.count - 2, responses.count - 1] {
            let before = keys(Array(responses[...cut]))
            let after = keys(
                try all(ExportRequest(namespace: "", cursor: responses[cut].cursor)))
            #expect(Set(before + after).count == 400)
            if cut > 1 { #expect(after.count < responses.flatMap(\.entries).count) }
        }
    }

    @Test("who goes on inside a split value gets all of its parts again")
    func resumesSplit() throws {
        let value = [UInt8].pattern(300_000)
        try server.set("big", value)
        let responses = try all()
        #expect(responses.count >= 5)
        let again = try all(ExportRequest(namespace: "", cursor: responses[2].cursor))
        #expect(again.flatMap(\.entries).flatMap(\.value) == value)
    }

    @Test("each part of a split value has the checksum of its own bytes")
    func splitChecksums() throws {
        try server.set("big", .pattern(300_000))
        let parts = try all().flatMap(\.entries)
        #expect(parts.count == 5)
        for part in parts {
            let crc = CRC32C.of(key: part.key.span, value: part.value.span)
            #expect(part.head.crc32c == crc)
        }
    }

    @Test("a value is sent to its end as it was, also when it is replaced meanwhile")
    func oneVersion() throws {
        let value = [UInt8].pattern(1 << 20)
        try server.set("big", value, ttlMillis: 1_000)
        let stream = export()
        #expect(stream.status == nil)
        try server.set("big", [1])
        server.advance(millis: 5_000)
        stream.drain()
        let entries = try stream.answers(ExportResponse.self).flatMap(\.entries)
        #expect(Set(entries.map(\.head.version)).count == 1)
        #expect(entries.flatMap(\.value) == value)
        #expect(entries.map(\.head.valueOffset) == (0..<16).map { UInt64($0) << 16 })
    }

    @Test("a cursor that is none, of other filters or of another start is refused")
    func cursors() throws {
        try fill(0..<10)
        let cursor = try #require(try all().last).cursor
        var cases: [[UInt8]] = [[1], [UInt8](repeating: 0, count: 46), cursor + [0]]
        cases.append(Array(cursor.dropLast()))
        for index in cursor.indices {
            var other = cursor
            other[index] ^= 0x40
            cases.append(other)
        }
        for bytes in cases {
            let status = export(ExportRequest(namespace: "", cursor: bytes)).status
            #expect(status?.code == .invalidArgument)
            #expect(status?.reason == "BAD_CURSOR")
        }
        let filtered = export(
            ExportRequest(namespace: "", keyPrefix: [1], cursor: cursor)
        ).status
        #expect(filtered?.reason == "BAD_CURSOR")
        let restarted = export(
            ExportRequest(namespace: "", cursor: cursor),
            services: server.restarted(startID: 8)
        ).status
        #expect(restarted?.code == .aborted)
        #expect(restarted?.reason == "CURSOR_OUTLIVED")
        let same = export(
            ExportRequest(namespace: "", cursor: cursor), services: server.restarted(startID: 7))
        same.drain()
        #expect(same.status == .ok)
    }

    @Test("what is not served is named, what is wrong is refused")
    func refusals() {
        let hottest = export(ExportRequest(namespace: "", hottestFirst: true)).status
        #expect(hottest?.code == .unimplemented)
        #expect(hottest?.message == "ExportRequest.hottest_first is not served by this version")
        #expect(export(ExportRequest(namespace: "n")).status?.reason == "NAMESPACE_UNKNOWN")
        let range = export(ExportRequest(namespace: "", hashBegin: 2, hashEnd: 1)).status
        #expect(range?.code == .invalidArgument)
        let malformed = TestStream(server, "Export")
        malformed.send(bytes: [0xFF])
        #expect(malformed.status?.reason == "MESSAGE_MALFORMED")
    }

    @Test("what an export says, a bulk load takes: ten thousand entries, large ones among them")
    func roundTrip() throws {
        let count = 10_000
        for index in 0..<count {
            let bytes = index % 1_000 == 0 ? 200_000 + index : index % 64
            let _: SetResponse = try server.answer(
                "Set",
                SetRequest(
                    key: Array("key:\(index)".utf8), value: .pattern(bytes),
                    ttlMillis: index % 3 == 0 ? nil : UInt64(index + 1_000),
                    flags: UInt32(index), version: UInt64(index + 1)))
        }
        let target = TestServer()
        let load = TestStream(target, "BulkLoad")
        load.send(BulkLoadRequest(.start(BulkLoadStart(sessionID: "copy", admission: .force))))
        var index: UInt64 = 0
        for response in try all() {
            load.send(
                BulkLoadRequest(.batch(EntryBatch(firstIndex: index, entries: response.entries))))
            index += UInt64(response.entries.count)
        }
        load.halfClose()
        #expect(load.status == .ok)
        let done = try #require(try load.answers(BulkLoadResponse.self).last)
        #expect(done.stored == UInt64(count))
        #expect(done.rejected == 0)
        for index in 0..<count {
            let original = try server.get("key:\(index)")
            let copy = try target.get("key:\(index)")
            let isSame = original == copy
            #expect(isSame)
        }
    }
}
