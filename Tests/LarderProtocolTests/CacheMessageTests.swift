import LarderProtocol
import Testing

@Suite("Cache messages")
struct CacheMessageTests {
    @Test("a Get of a short key and a miss are as short as the contract says")
    func sizes() {
        #expect(GetRequest(key: [UInt8](repeating: 1, count: 16)).encoded().count == 18)
        #expect(GetResponse(head: GetResponseHead(outcome: .miss)).encoded() == [0x08, 0x02])
        let set = SetRequest(
            key: [UInt8](repeating: 1, count: 16), value: [UInt8](repeating: 2, count: 100))
        #expect(set.encoded().count == 120)
    }

    @Test("a view's key lies in the bytes that it was read from")
    func borrowedKey() throws {
        let bytes = GetRequest(key: [1, 2, 3], namespace: "n").encoded()
        let whole = bytes.span
        let view = try GetRequestView(decoding: whole)
        let place = whole.indices(of: view.key)
        #expect(place == 2..<5)
    }

    @Test("a key alone is read like any other, however long, and so is what only begins like one")
    func keyAlone() throws {
        for count in [1, 16, 126, 127, 128, 300] {
            let key = [UInt8](repeating: 7, count: count)
            let bytes = GetRequest(key: key).encoded()
            #expect(try GetRequest(decoding: bytes.span) == GetRequest(key: key))
            let twice = bytes + GetRequest(key: [9]).encoded()
            #expect(try GetRequest(decoding: twice.span) == GetRequest(key: [9]))
            let cut = Array(bytes.dropLast())
            #expect(throws: WireError.truncated) { try GetRequest(decoding: cut.span) }
        }
        let empty: [UInt8] = [0x0A, 0]
        #expect(try GetRequest(decoding: empty.span) == GetRequest())
        let tag: [UInt8] = [0x0A]
        #expect(throws: WireError.truncated) { try GetRequest(decoding: tag.span) }
    }

    @Test("a head with a tail is what the head with the value is, without the value")
    func tails() {
        var random = Seeded(5)
        for _ in 0..<100 {
            var response = Samples.getResponse(&random)
            response.value.append(1)
            var writer = WireWriter()
            response.head.encode(into: &writer, tailBytes: response.value.count)
            #expect(writer.array + response.value == response.encoded())
            #expect(
                response.head.encodedBytes(valueCount: response.value.count)
                    == response.encoded().count)

            let answerBytes = response.encoded().count
            writer.clear()
            response.head.encode(
                into: &writer, .batch(answerBytes: answerBytes), tailBytes: response.value.count)
            let batch = BatchGetResponse(responses: [response]).encoded()
            #expect(writer.array + response.value == batch)
            #expect(BatchGetResponse.appendedBytes(answerBytes: answerBytes) == batch.count)

            let id = random.uint64()
            writer.clear()
            response.head.encode(
                into: &writer, .pipeline(id: id, answerBytes: answerBytes),
                value: response.value.span)
            let result = PipelineResponse([OperationResult(id: id, .get(response))]).encoded()
            #expect(writer.array == result)
        }
    }

    @Test("a pipeline's results written one by one are those written at once")
    func resultsInPieces() {
        var random = Seeded(7)
        for _ in 0..<200 {
            let set = Samples.setResponse(&random)
            let id = random.uint64()
            let answer = set.encoded()
            let foretold = SetResponse.encodedBytes(
                outcome: set.outcome, version: set.version,
                currentBytes: set.current.map { $0.encoded().count })
            #expect(foretold == answer.count)
            var writer = WireWriter()
            PipelineResponse.beginResult(id, .set, answerBytes: answer.count, into: &writer)
            let whole = PipelineResponse([OperationResult(id: id, .set(set))]).encoded()
            #expect(writer.array + answer == whole)
        }
    }

    @Test("an entry is as long as it says beforehand")
    func entryLength() {
        var random = Seeded(6)
        for _ in 0..<200 {
            let entry = Samples.entry(&random)
            let foretold = entry.head.encodedBytes(
                keyCount: entry.key.count, namespaceCount: entry.namespace.utf8.count,
                tags: entry.tags, valueCount: entry.value.count)
            #expect(entry.encoded().count == foretold)
        }
    }

    @Test("an export written entry by entry is the export written at once")
    func exportInPieces() {
        var random = Seeded(7)
        for _ in 0..<50 {
            var export = Samples.exportResponse(&random)
            for index in export.entries.indices { export.entries[index].tags = [] }
            var writer = WireWriter()
            for entry in export.entries {
                ExportResponse.append(
                    entry.head, key: entry.key.span, namespace: entry.namespace.utf8.span,
                    value: entry.value.span, into: &writer)
            }
            ExportResponse.encodeEnd(
                cursor: export.cursor.span, scanned: export.scanned, total: export.total,
                into: &writer)
            #expect(writer.array == export.encoded())
        }
    }

    @Test("an entry can be read as a Set")
    func entryAsSet() throws {
        let entry = Entry(
            key: [1], value: [2], namespace: "n", head: EntryHead(ttlMillis: 9, flags: 3),
            tags: ["t"])
        let set = try SetRequest(decoding: entry.encoded().span)
        #expect(
            set
                == SetRequest(
                    key: [1], value: [2], namespace: "n", ttlMillis: 9, flags: 3, tags: ["t"]))
    }

    @Test("keys and tags are counted, and come in their order")
    func iterators() throws {
        let bytes = BatchGetRequest(keys: [[1], [], [3]]).encoded()
        let view = try BatchGetRequestView(decoding: bytes.span)
        let count = view.keyCount
        #expect(count == 3)
        var keys = view.keys()
        var counts: [Int] = []
        while let key = try keys.next() { counts.append(key.count) }
        #expect(counts == [1, 0, 1])
        let set = SetRequest(key: [], value: [], tags: ["a", "b"]).encoded()
        let tagCount = try SetRequestView(decoding: set.span).tagCount
        #expect(tagCount == 2)
    }
}
