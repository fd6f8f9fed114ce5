import LarderCache
import LarderGRPC
import LarderProtocol
import LarderService
import Testing

@Suite("BulkLoad")
struct BulkLoadTests {
    let server = TestServer()

    private func stream(_ start: BulkLoadStart? = BulkLoadStart()) -> TestStream {
        let stream = TestStream(server, "BulkLoad")
        if let start { stream.send(BulkLoadRequest(.start(start))) }
        return stream
    }

    private func entry(_ key: String, _ value: [UInt8] = [1]) -> Entry {
        Entry(key: Array(key.utf8), value: value)
    }

    private func send(_ entries: [Entry], from index: UInt64, to stream: TestStream) {
        stream.send(BulkLoadRequest(.batch(EntryBatch(firstIndex: index, entries: entries))))
    }

    private func entries(_ range: Range<Int>) -> [Entry] {
        range.map { entry("k\($0)", .pattern(10, seed: UInt8($0 & 0xFF))) }
    }

    private func last(_ stream: TestStream) throws -> BulkLoadResponse {
        try #require(try stream.answers(BulkLoadResponse.self).last)
    }

    @Test("a load stores its entries and ends with the totals")
    func loads() throws {
        let stream = stream()
        send(entries(0..<60), from: 0, to: stream)
        send(entries(60..<100), from: 60, to: stream)
        #expect(stream.messages.isEmpty)
        stream.halfClose()
        #expect(stream.status == .ok)
        #expect(stream.messages.count == 1)
        let done = try last(stream)
        let bytes = UInt64((0..<100).reduce(0) { $0 + "k\($1)".utf8.count + 10 })
        #expect(
            done == BulkLoadResponse(committed: 100, stored: 100, storedBytes: bytes, done: true))
        for index in 0..<100 {
            #expect(try server.get("k\(index)").value == .pattern(10, seed: UInt8(index)))
        }
    }

    @Test("an entry's flags, version and time to live are kept; without one the start's holds")
    func fields() throws {
        let stream = stream(BulkLoadStart(sessionID: "", defaultTTLMillis: 5_000))
        var full = entry("a", [7])
        full.head = EntryHead(ttlMillis: 900, flags: 5, cost: 3, version: 77, frequency: 9)
        var forever = entry("b")
        forever.head.ttlMillis = 0
        send([full, forever, entry("c")], from: 0, to: stream)
        stream.halfClose()
        #expect(stream.status == .ok)
        let response = try server.get("a")
        #expect(response.value == [7])
        #expect(response.head.flags == 5)
        #expect(response.head.version == 77)
        #expect(response.head.ttlMillis == 900)
        #expect(try server.get("b").head.ttlMillis == nil)
        #expect(try server.get("c").head.ttlMillis == 5_000)
    }

    @Test("with if_absent what is there stays")
    func ifAbsent() throws {
        try server.set("k1", [9])
        let stream = stream(BulkLoadStart(sessionID: "", ifAbsent: true))
        send(entries(0..<3), from: 0, to: stream)
        stream.halfClose()
        let done = try last(stream)
        #expect(done.stored == 2)
        #expect(done.conditionFailed == 1)
        #expect(try server.get("k1").value == [9])
    }

    @Test("a load into free space evicts nothing, a forced one stores everything")
    func admission() throws {
        let small = TestServer(budgetBytes: 1 << 20)
        for index in 0..<400 { try small.set("old\(index)", .pattern(4_000)) }
        let evicted = small.cache.statistics().evicted
        let free = TestStream(small, "BulkLoad")
        free.send(
            BulkLoadRequest(.start(BulkLoadStart(sessionID: "", admission: .freeSpaceOnly))))
        let many = (0..<50).map { entry("new\($0)", .pattern(20_000)) }
        free.send(BulkLoadRequest(.batch(EntryBatch(firstIndex: 0, entries: many))))
        free.halfClose()
        let freeDone = try #require(try free.answers(BulkLoadResponse.self).last)
        #expect(freeDone.notAdmitted > 0)
        #expect(freeDone.stored + freeDone.notAdmitted == 50)
        #expect(small.cache.statistics().evicted == evicted)
        let forced = TestStream(small, "BulkLoad")
        forced.send(BulkLoadRequest(.start(BulkLoadStart(sessionID: "", admission: .force))))
        forced.send(BulkLoadRequest(.batch(EntryBatch(firstIndex: 0, entries: many))))
        forced.halfClose()
        #expect(try #require(try forced.answers(BulkLoadResponse.self).last).stored == 50)
    }

    // MARK: The form of a load

    @Test("a load begins with its start, once, and every message says something")
    func form() {
        let none = stream(nil)
        send(entries(0..<1), from: 0, to: none)
        #expect(none.status?.code == .invalidArgument)
        #expect(none.status?.reason == "START_MISSING")
        let silent = stream(nil)
        silent.halfClose()
        #expect(silent.status?.reason == "START_MISSING")
        let twice = stream()
        twice.send(BulkLoadRequest(.start(BulkLoadStart())))
        #expect(twice.status?.reason == "START_REPEATED")
        let empty = stream()
        empty.send(bytes: [])
        #expect(empty.status?.reason == "PART_MISSING")
        let malformed = stream()
        malformed.send(bytes: [0x12, 0x09, 0x01])
        #expect(malformed.status?.code == .internal)
        #expect(malformed.status?.reason == "MESSAGE_MALFORMED")
    }

    @Test("a start that cannot be honoured is refused")
    func starts() {
        let namespace = stream(BulkLoadStart(sessionID: "", namespace: "n"))
        #expect(namespace.status?.code == .notFound)
        let id = stream(BulkLoadStart(sessionID: String(repeating: "s", count: 129)))
        #expect(id.status?.reason == "SESSION_ID_TOO_LONG")
        let ttl = stream(BulkLoadStart(sessionID: "", defaultTTLMillis: .max))
        #expect(ttl.status?.reason == "TTL_TOO_LONG")
        let admission = stream(BulkLoadStart(sessionID: "", admission: Admission(rawValue: 3)))
        #expect(admission.status?.reason == "ENUM_UNKNOWN")
        #expect(stream(BulkLoadStart(sessionID: "", namespace: "default")).status == nil)
    }

    @Test("a gap in the indices ends the load, entries that came before are skipped")
    func indices() throws {
        let gap = stream()
        send(entries(0..<3), from: 0, to: gap)
        send(entries(4..<5), from: 4, to: gap)
        #expect(gap.status?.code == .invalidArgument)
        #expect(gap.status?.reason == "INDEX_GAP")
        #expect(gap.status?.message == "first_index 4 leaves a gap: the next entry is 3")
        let far = stream()
        send([], from: .max, to: far)
        #expect(far.status?.reason == "INDEX_GAP")
        let again = stream()
        send(entries(0..<5), from: 0, to: again)
        send(entries(0..<3), from: 0, to: again)
        send(entries(3..<8), from: 3, to: again)
        again.halfClose()
        #expect(try last(again).stored == 8)
        #expect(try last(again).committed == 8)
    }

    // MARK: Entries that are wrong

    @Test("wrong entries are counted, the first sixteen are told of, and the load goes on")
    func rejected() throws {
        var bad: [Entry] = []
        bad.append(entry(""))
        bad.append(entry(String(repeating: "k", count: 1_025)))
        var tagged = entry("t")
        tagged.tags = ["x"]
        bad.append(tagged)
        var stale = entry("t")
        stale.head.staleMillis = 1
        bad.append(stale)
        var idle = entry("t")
        idle.head.idleMillis = .max
        bad.append(idle)
        var late = entry("t")
        late.head.ttlMillis = .max
        bad.append(late)
        var elsewhere = entry("t")
        elsewhere.namespace = "n"
        bad.append(elsewhere)
        bad += [Entry](repeating: entry(""), count: 30)
        let stream = stream()
        send(bad + [entry("good")], from: 0, to: stream)
        stream.halfClose()
        #expect(stream.status == .ok)
        let done = try last(stream)
        #expect(done.committed == 38)
        #expect(done.rejected == 37)
        #expect(done.stored == 1)
        #expect(done.errors.map(\.index) == Array(0..<16))
        #expect(
            done.errors.prefix(8).map { $0.error?.reason } == [
                "KEY_EMPTY", "KEY_TOO_LONG", "FIELD_NOT_SERVED", "FIELD_NOT_SERVED",
                "TTL_TOO_LONG", "TTL_TOO_LONG", "NAMESPACE_UNKNOWN", "KEY_EMPTY",
            ])
        #expect(done.errors[0].error?.code == 3)
        #expect(done.errors[2].error?.code == 12)
        #expect(done.errors[6].error?.code == 5)
        #expect(try server.get("good").head.outcome == .hit)
        #expect(try server.get("t").head.outcome == .miss)
    }

    @Test("a wrong checksum is data loss, names the index, and what came before stays")
    func checksums() throws {
        var good = entry("a", [1, 2, 3])
        good.head.crc32c = CRC32C.of(key: good.key.span, value: good.value.span)
        var bad = entry("b", [1, 2, 3])
        bad.head.crc32c = good.head.crc32c
        let first = stream(BulkLoadStart(sessionID: "s"))
        send([good, bad, entry("c")], from: 0, to: first)
        #expect(first.status?.code == .dataLoss)
        #expect(first.status?.reason == "CHECKSUM")
        #expect(first.status?.message == "entry 1 does not match its crc32c")
        let applied = first.status?.metadata.suffix(2).map { "\($0.key)=\($0.value)" }
        #expect(applied == ["committed=1", "stored=1"])
        #expect(try server.get("a").head.outcome == .hit)
        #expect(try server.get("b").head.outcome == .miss)
        #expect(try server.get("c").head.outcome == .miss)
        let second = stream(BulkLoadStart(sessionID: "s"))
        #expect(try last(second).committed == 1)
    }

    // MARK: Acknowledgements

    @Test("an acknowledgement comes after as many entries, one for each message at most")
    func acknowledges() throws {
        let stream = stream(BulkLoadStart(sessionID: "", ackEvery: 10))
        for index in 0..<10 {
            send(entries(index * 4..<index * 4 + 4), from: UInt64(index) * 4, to: stream)
        }
        #expect(try stream.answers(BulkLoadResponse.self).map(\.committed) == [12, 24, 36])
        stream.halfClose()
        #expect(try last(stream).committed == 40)
        #expect(
            try stream.answers(BulkLoadResponse.self).map(\.done) == [false, false, false, true])
    }

    @Test("who does not read gets the newest acknowledgement, not all of them")
    func replacesUnsent() throws {
        let stream = stream(BulkLoadStart(sessionID: "", ackEvery: 1))
        stream.isRead = false
        for index in 0..<50 { send(entries(index..<index + 1), from: UInt64(index), to: stream) }
        #expect(try stream.answers(BulkLoadResponse.self).map(\.committed) == [1])
        stream.flush()
        #expect(try stream.answers(BulkLoadResponse.self).map(\.committed) == [1, 50])
        stream.flush()
        #expect(stream.messages.count == 2)
        stream.halfClose()
        #expect(try last(stream).done)
        #expect(stream.status == .ok)
    }

    // MARK: Loads that go on

    @Test("a load that broke goes on where it was, and its totals are the whole load's")
    func resumes() throws {
        let first = stream(BulkLoadStart(sessionID: "s"))
        send(entries(0..<30), from: 0, to: first)
        first.call.cancelled()
        let second = stream(BulkLoadStart(sessionID: "s"))
        #expect(try last(second).committed == 30)
        #expect(second.messages.count == 1)
        send(entries(0..<50), from: 0, to: second)
        second.halfClose()
        #expect(second.status == .ok)
        let done = try last(second)
        #expect(done.committed == 50)
        #expect(done.stored == 50)
    }

    @Test("a session that is not known begins at 0 and says so")
    func unknownSession() throws {
        let stream = stream(BulkLoadStart(sessionID: "s"))
        #expect(try stream.answers(BulkLoadResponse.self) == [BulkLoadResponse(committed: 0)])
        send(entries(5..<6), from: 5, to: stream)
        #expect(stream.status?.reason == "INDEX_GAP")
    }

    @Test("a session is forgotten after its time")
    func forgotten() throws {
        let first = stream(BulkLoadStart(sessionID: "s"))
        send(entries(0..<30), from: 0, to: first)
        server.advance(millis: 15 * 60 * 1_000 + 1)
        #expect(try last(stream(BulkLoadStart(sessionID: "s"))).committed == 0)
    }

    @Test("a newer stream takes the load over, the older one is told at its next event")
    func takeover() throws {
        let older = stream(BulkLoadStart(sessionID: "s"))
        send(entries(0..<5), from: 0, to: older)
        let newer = stream(BulkLoadStart(sessionID: "s"))
        #expect(try last(newer).committed == 5)
        send(entries(5..<9), from: 5, to: older)
        #expect(older.status?.code == .aborted)
        #expect(older.status?.reason == "SESSION_SUPERSEDED")
        send(entries(5..<7), from: 5, to: newer)
        newer.halfClose()
        #expect(newer.status == .ok)
        #expect(try last(newer).committed == 7)
        let closing = stream(BulkLoadStart(sessionID: "t"))
        _ = stream(BulkLoadStart(sessionID: "t"))
        closing.halfClose()
        #expect(closing.status?.reason == "SESSION_SUPERSEDED")
    }
}
