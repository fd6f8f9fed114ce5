import LarderProtocol
import Testing

/// What fields mean that come twice, in pieces or with another wire type.
@Suite("Merging")
struct MergeTests {
    private func fields(_ write: (inout WireWriter) -> Void) -> [UInt8] {
        var writer = WireWriter()
        write(&writer)
        return writer.array
    }

    @Test("of a scalar that comes twice the last counts, an empty one too")
    func scalars() throws {
        let bytes = fields { writer in
            writer.string(1, "first")
            writer.uint(3, 7)
            writer.uint(3, always: 0)
            writer.string(1, always: "")
        }
        let request = try GetRequest(decoding: bytes.span)
        #expect(request == GetRequest(key: []))
    }

    @Test("a message field that comes twice is one message")
    func messages() throws {
        let bytes = fields { writer in
            writer.message(7) { output in
                Lease(holdMillis: 5, acceptStale: true).encode(into: &output)
            }
            writer.message(7) { output in output.uint(2, 9) }
            writer.message(7) { output in output.uint(4, always: 0) }
        }
        let lease = try GetRequest(decoding: bytes.span).lease
        #expect(lease == Lease(holdMillis: 5, waitMillis: 9))
    }

    @Test("the present item of a failed Set comes together from its pieces")
    func currentItem() throws {
        let bytes = fields { writer in
            writer.message(3) { output in
                GetResponse(head: GetResponseHead(version: 4), value: [1]).encode(into: &output)
            }
            writer.message(3) { output in output.uint(3, 8) }
        }
        let current = try SetResponse(decoding: bytes.span).current
        #expect(current == GetResponse(head: GetResponseHead(version: 4, flags: 8), value: [1]))
    }

    @Test("an operation's request comes together from its pieces, unless another one undoes it")
    func operations() throws {
        let bytes = fields { writer in
            writer.message(2) { output in output.string(1, "forgotten") }
            writer.message(3) { output in output.string(1, "key") }
            writer.uint(1, 9)
            writer.message(3) { output in output.string(15, "value") }
        }
        let view = try OperationView(decoding: bytes.span)
        let (isSplit, kind) = (view.isSplit, view.kind)
        #expect(isSplit && kind == .set)
        let set = SetRequest(key: Array("key".utf8), value: Array("value".utf8))
        #expect(try Operation(decoding: bytes.span) == Operation(id: 9, .set(set)))

        let undone = bytes + fields { writer in writer.message(4) { _ in } }
        let last = try OperationView(decoding: undone.span)
        let isLastSplit = last.isSplit
        #expect(!isLastSplit)
        #expect(
            try Operation(decoding: undone.span)
                == Operation(id: 9, .delete(DeleteRequest(key: []))))
    }

    @Test("the last member of a oneof counts, and undoes the others")
    func conditions() throws {
        let bytes = fields { writer in
            writer.uint(11, always: 1)
            writer.uint(13, always: 0)
        }
        let view = try SetRequestView(decoding: bytes.span)
        let condition = view.condition
        #expect(condition == .ifVersion(0))
    }

    @Test("a field with another wire type than its own is unknown")
    func otherWireType() throws {
        let bytes = fields { writer in
            writer.uint(1, 5)
            writer.string(3, "abc")
            writer.fixed32(7, ifPresent: 1)
            writer.string(2, "here")
        }
        let request = try GetRequest(decoding: bytes.span)
        #expect(request == GetRequest(key: [], namespace: "here"))
    }

    @Test("text is checked wherever it lies, bytes are not")
    func text() {
        let wrong: [UInt8] = [0xFF]
        let namespace = fields { writer in writer.bytes(2, wrong.span) }
        let key = fields { writer in writer.bytes(1, wrong.span) }
        #expect(throws: WireError.invalidUTF8) { try GetRequest(decoding: namespace.span) }
        #expect(throws: Never.self) { try GetRequest(decoding: key.span) }
        let tag = fields { writer in writer.bytes(10, wrong.span) }
        #expect(throws: WireError.invalidUTF8) { try SetRequest(decoding: tag.span) }
        let load = fields { writer in
            writer.message(2) { batch in
                batch.message(2) { entry in entry.bytes(10, wrong.span) }
            }
        }
        #expect(throws: WireError.invalidUTF8) { try BulkLoadRequest(decoding: load.span) }
    }

    @Test("a batch in pieces is one batch, and its entries keep their order")
    func batches() throws {
        let bytes = fields { writer in
            writer.message(2) { output in
                EntryBatch(firstIndex: 1, entries: [Entry(key: [1], value: [])]).encode(
                    into: &output)
            }
            writer.string(99, "unknown")
            writer.message(2) { output in
                EntryBatch(
                    firstIndex: 4,
                    entries: [Entry(key: [2], value: []), Entry(key: [3], value: [])]
                )
                .encode(into: &output)
            }
        }
        let request = try BulkLoadRequest(decoding: bytes.span)
        let entries = [1, 2, 3].map { key in Entry(key: [key], value: []) }
        #expect(request.part == .batch(EntryBatch(firstIndex: 4, entries: entries)))
    }

    @Test("a start undoes the batch before it, and a batch the start")
    func startsAndBatches() throws {
        func start(_ writer: inout WireWriter, _ start: BulkLoadStart) {
            writer.message(1) { output in start.encode(into: &output) }
        }
        func batch(_ writer: inout WireWriter, _ key: UInt8) {
            writer.message(2) { output in
                EntryBatch(firstIndex: 0, entries: [Entry(key: [key], value: [])])
                    .encode(into: &output)
            }
        }
        let ended = fields { writer in
            start(&writer, BulkLoadStart(sessionID: "one", ackEvery: 3))
            batch(&writer, 1)
            start(&writer, BulkLoadStart(sessionID: "two"))
        }
        #expect(
            try BulkLoadRequest(decoding: ended.span).part
                == .start(BulkLoadStart(sessionID: "two")))
        let begun = fields { writer in
            batch(&writer, 1)
            start(&writer, BulkLoadStart(sessionID: "one"))
            batch(&writer, 2)
            batch(&writer, 3)
        }
        let entries = [2, 3].map { key in Entry(key: [key], value: []) }
        #expect(
            try BulkLoadRequest(decoding: begun.span).part
                == .batch(EntryBatch(firstIndex: 0, entries: entries)))
        let view = try BulkLoadRequestView(decoding: begun.span)
        guard case .batch(let batch) = view.part else {
            Issue.record("a batch was last")
            return
        }
        let count = batch.entryCount
        #expect(count == 2)
    }

    @Test("a map takes entries without key or value, and the last of a key")
    func maps() throws {
        let bytes = fields { writer in
            writer.message(3) { _ in }
            writer.message(3) { entry in
                entry.string(2, "before the key")
                entry.string(1, "limit")
            }
            writer.message(3) { entry in
                entry.string(1, "limit")
                entry.string(9, "unknown")
                entry.string(2, "wrong")
                entry.string(2, "1024")
            }
        }
        let info = try ErrorInfo(decoding: bytes.span)
        #expect(
            info.metadata == [
                ErrorInfo.Fact(key: "", value: ""), ErrorInfo.Fact(key: "limit", value: "1024"),
            ])
    }

    @Test("keys of a map that mean the same are two keys when their bytes differ")
    func equivalentKeys() throws {
        let services = ["e\u{301}", "é"].map { name in
            HealthListResponse.Service(name: name, status: .serving)
        }
        let bytes = HealthListResponse(services: services).encoded()
        #expect(try HealthListResponse(decoding: bytes.span).services.count == 2)
    }

    @Test("repeated numbers may come packed, one by one and mixed")
    func packed() throws {
        let packed: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 3]
        let bytes = fields { writer in
            writer.uint(2, 1)
            writer.bytes(2, always: packed.span)
            writer.bytes(2, always: [UInt8]().span)
            writer.uint(2, 4)
        }
        let numbers = try ExtensionNumberResponse(decoding: bytes.span).extensionNumbers
        #expect(numbers == [1, -1, 3, 4])
        let cut = fields { writer in writer.bytes(2, always: ([0x80] as [UInt8]).span) }
        #expect(throws: WireError.truncated) { try ExtensionNumberResponse(decoding: cut.span) }
    }
}
