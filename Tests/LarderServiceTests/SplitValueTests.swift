import LarderCache
import LarderGRPC
import LarderProtocol
import LarderService
import Testing

@Suite("BulkLoad of split values")
struct SplitValueTests {
    let server = TestServer()

    private func stream(_ server: TestServer? = nil, session: String = "") -> TestStream {
        let stream = TestStream(server ?? self.server, "BulkLoad")
        stream.send(BulkLoadRequest(.start(BulkLoadStart(sessionID: session, ackEvery: 1))))
        return stream
    }

    private func parts(_ key: String, _ value: [UInt8], each: Int) -> [Entry] {
        stride(from: 0, to: value.count, by: each).map { offset in
            let part = Array(value[offset..<min(value.count, offset + each)])
            var entry = Entry(key: Array(key.utf8), value: part)
            entry.head.valueBytes = UInt64(value.count)
            entry.head.valueOffset = UInt64(offset)
            entry.head.crc32c = CRC32C.of(key: entry.key.span, value: part.span)
            return entry
        }
    }

    private func send(_ entries: [Entry], from index: UInt64, to stream: TestStream) {
        stream.send(BulkLoadRequest(.batch(EntryBatch(firstIndex: index, entries: entries))))
    }

    private func last(_ stream: TestStream) throws -> BulkLoadResponse {
        try #require(try stream.answers(BulkLoadResponse.self).last)
    }

    @Test("a value in parts is stored when it is whole, across messages and between others")
    func whole() throws {
        let value = [UInt8].pattern(100_000)
        let stream = stream()
        let parts = parts("big", value, each: 30_000)
        let small = Entry(key: Array("small".utf8), value: [1])
        send([small, parts[0]], from: 0, to: stream)
        #expect(try last(stream).committed == 1)
        send([parts[1]], from: 2, to: stream)
        #expect(try last(stream).committed == 1)
        #expect(try server.get("big").head.outcome == .miss)
        send([parts[2], parts[3], small], from: 3, to: stream)
        #expect(try last(stream).committed == 6)
        stream.halfClose()
        let done = try last(stream)
        #expect(done.stored == 3)
        #expect(done.storedBytes == 100_003 + 12)
        #expect(try server.get("big").value == value)
    }

    @Test("an entry that says its own length is whole")
    func selfContained() throws {
        let stream = stream()
        var entry = Entry(key: [1], value: [1, 2, 3])
        entry.head.valueBytes = 3
        send([entry], from: 0, to: stream)
        stream.halfClose()
        #expect(try last(stream).stored == 1)
    }

    @Test("a load that broke inside a split value begins that value again")
    func resumes() throws {
        let value = [UInt8].pattern(5_000)
        let parts = parts("big", value, each: 1_000)
        let first = stream(session: "s")
        send([Entry(key: [1], value: [1])] + parts[..<3], from: 0, to: first)
        first.call.cancelled()
        let second = stream(session: "s")
        #expect(try last(second).committed == 1)
        send(Array(parts), from: 1, to: second)
        second.halfClose()
        #expect(second.status == .ok)
        #expect(try last(second).committed == 6)
        #expect(try server.get("big").value == value)
    }

    @Test("a load cannot end inside a split value")
    func unfinished() {
        let stream = stream()
        send([parts("big", .pattern(100), each: 60)[0]], from: 0, to: stream)
        stream.halfClose()
        #expect(stream.status?.code == .invalidArgument)
        #expect(stream.status?.reason == "SPLIT_VALUE")
    }

    static let breaks: [@Sendable ([Entry]) -> [Entry]] = [
        { [$0[0], $0[2]] },
        { [$0[0], $0[0]] },
        { [$0[1]] },
        { [$0[0], Entry(key: [9], value: [1])] },
        { parts in
            var other = parts[1]
            other.key = [9]
            other.head.crc32c = nil
            return [parts[0], other]
        },
        { parts in
            var other = parts[1]
            other.head.valueBytes += 1
            return [parts[0], other]
        },
        { parts in
            var long = parts[0]
            long.head.valueBytes = 10
            return [long]
        },
        { parts in
            var lost = parts[1]
            lost.head.valueBytes = 0
            return [lost]
        },
        { parts in
            var far = parts[1]
            far.head.valueOffset = .max
            return [parts[0], far]
        },
    ]

    @Test("parts that do not follow each other end the load", arguments: breaks.indices)
    func broken(index: Int) {
        let stream = stream()
        send(Self.breaks[index](parts("big", .pattern(100), each: 40)), from: 0, to: stream)
        #expect(stream.status?.code == .invalidArgument)
        #expect(stream.status?.reason == "SPLIT_VALUE")
    }

    @Test("a split value over the limit is rejected once, its parts are passed over")
    func tooLarge() throws {
        var limits = Limits()
        limits.valueBytesMax = 50
        let small = TestServer(limits: limits)
        let stream = stream(small)
        var huge = Entry(key: [2], value: [1, 2])
        huge.head.valueBytes = 60
        send(parts("big", .pattern(100), each: 30), from: 0, to: stream)
        send([Entry(key: [1], value: [1])], from: 4, to: stream)
        stream.halfClose()
        #expect(stream.status == .ok)
        let done = try last(stream)
        #expect(done.rejected == 1)
        #expect(done.stored == 1)
        #expect(done.committed == 5)
        #expect(done.errors.map(\.index) == [0])
        #expect(
            done.errors[0].error?.message == "value of 100 bytes is over the limit of 50 bytes")
    }

    @Test("a length of all bits does no harm")
    func lies() {
        let stream = stream()
        var entry = Entry(key: [1], value: [1, 2])
        entry.head.valueBytes = .max
        send([entry], from: 0, to: stream)
        #expect(stream.status == nil)
        stream.halfClose()
        #expect(stream.status?.reason == "SPLIT_VALUE")
    }

    @Test("unfinished values have bounded memory, given back when their loads end")
    func bounded() throws {
        var limits = Limits()
        limits.bulkAssemblyBytesMax = 100
        let small = TestServer(limits: limits)
        let first = stream(small)
        send([parts("big", .pattern(200), each: 80)[0]], from: 0, to: first)
        #expect(first.status == nil)
        let second = stream(small)
        send([parts("big", .pattern(200), each: 80)[0]], from: 0, to: second)
        #expect(second.status?.code == .resourceExhausted)
        first.call.cancelled()
        let third = stream(small)
        send(parts("big", .pattern(100), each: 50), from: 0, to: third)
        #expect(third.status == nil)
        send(parts("big", .pattern(100), each: 50), from: 2, to: third)
        third.halfClose()
        #expect(third.status == .ok)
        #expect(try last(third).stored == 2)
    }
}
