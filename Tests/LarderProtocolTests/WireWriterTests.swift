import LarderProtocol
import Testing

@Suite("WireWriter")
struct WireWriterTests {
    private func written(_ write: (inout WireWriter) -> Void) -> [UInt8] {
        // Without room at first, so that growing is tested by every test.
        var writer = WireWriter(capacity: 0)
        write(&writer)
        return writer.array
    }

    @Test("a default is left out, and written where presence counts")
    func defaults() {
        #expect(
            written { writer in
                writer.uint(1, 0)
                writer.int32(2, 0)
                writer.sint64(3, 0)
                writer.bool(4, false)
                writer.fixed64(5, 0)
                writer.string(6, "")
                writer.bytes(7, [UInt8]().span)
                writer.uint(8, ifPresent: nil)
                writer.fixed32(9, ifPresent: nil)
                writer.sint64(10, ifPresent: nil)
            }.isEmpty)
        #expect(written { writer in writer.uint(1, ifPresent: 0) } == [0x08, 0])
        #expect(written { writer in writer.uint(1, always: 0) } == [0x08, 0])
        #expect(written { writer in writer.sint64(1, ifPresent: 0) } == [0x08, 0])
        #expect(written { writer in writer.fixed32(1, ifPresent: 0) } == [0x0D, 0, 0, 0, 0])
        #expect(written { writer in writer.string(1, always: "") } == [0x0A, 0])
        #expect(written { writer in writer.message(1) { _ in } } == [0x0A, 0])
    }

    @Test("numbers come out as short as they are")
    func numbers() {
        #expect(written { writer in writer.uint(1, 300) } == [0x08, 0xAC, 0x02])
        #expect(written { writer in writer.uint(16, 1) } == [0x80, 0x01, 0x01])
        #expect(written { writer in writer.bool(15, true) } == [0x78, 1])
        #expect(
            written { writer in writer.int32(1, -1) }
                == [0x08] + [UInt8](repeating: 0xFF, count: 9) + [1])
        #expect(written { writer in writer.sint64(1, -2) } == [0x08, 3])
        #expect(
            written { writer in writer.fixed32(1, ifPresent: 0x0403_0201) } == [0x0D, 1, 2, 3, 4])
        #expect(written { writer in writer.fixed64(1, 1) } == [0x09, 1, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test("every number is read as it was written, and takes as long as foretold")
    func numbersComeBack() throws {
        for shift in 0..<64 as Range<UInt64> {
            for value in [UInt64(1) << shift, UInt64.max >> shift] {
                for number in [1, 15, 16, 2047, 2048, 536_870_911] as [UInt32] {
                    let bytes = written { writer in writer.uint(number, value) }
                    #expect(bytes.count == WireWriter.uintBytes(number, value))
                    var reader = WireReader(bytes.span)
                    let tag = try reader.nextTag()
                    #expect(tag == .varint(number))
                    #expect(try reader.varint() == value)
                }
            }
        }
    }

    @Test(
        "an embedded message has its length in front, however long it is",
        arguments: [0, 1, 127, 128, 300, 16_383, 16_384, 70_000])
    func embedded(count: Int) throws {
        let payload = (0..<count).map { index in UInt8(truncatingIfNeeded: index) }
        let bytes = written { writer in
            writer.uint(1, 7)
            writer.message(2) { output in output.append(payload.span) }
            writer.uint(3, 9)
        }
        var reader = WireReader(bytes.span)
        _ = try reader.nextTag()
        #expect(try reader.varint() == 7)
        _ = try reader.nextTag()
        let start = reader.offset
        let length = try reader.bytesField().count
        #expect(length == count)
        #expect(Array(bytes[(reader.offset - count)..<reader.offset]) == payload)
        #expect(reader.offset - start == WireWriter.varintBytes(UInt64(count)) + count)
        _ = try reader.nextTag()
        #expect(try reader.varint() == 9)
    }

    @Test("a gRPC prefix tells the length of what is written and of the tail")
    func prefix() {
        #expect(
            written { writer in
                let start = writer.beginMessage()
                writer.uint(1, 1)
                writer.endMessage(at: start, tailBytes: 0x01_0000)
            } == [0, 0, 1, 0, 2, 0x08, 1])
        #expect(
            written { writer in
                let first = writer.beginMessage()
                writer.endMessage(at: first)
                let second = writer.beginMessage()
                writer.uint(1, 1)
                writer.endMessage(at: second)
            } == [0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x08, 1])
    }

    @Test("clearing keeps the memory, up to a bound")
    func clearing() {
        var writer = WireWriter(capacity: 16)
        writer.append([UInt8](repeating: 1, count: 1000).span)
        let grown = writer.capacity
        writer.clear()
        #expect(writer.count == 0 && writer.capacity == grown)
        writer.clear(capacityMax: 64)
        #expect(writer.capacity == 64)
        writer.uint(1, 1)
        #expect(writer.array == [0x08, 1])
    }

    @Test("what was written last can be dropped")
    func truncating() {
        var writer = WireWriter()
        writer.uint(1, 1)
        let count = writer.count
        writer.uint(2, 2)
        writer.truncate(to: count)
        #expect(writer.array == [0x08, 1])
    }
}
