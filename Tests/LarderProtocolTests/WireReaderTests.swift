import LarderProtocol
import Testing

@Suite("WireReader")
struct WireReaderTests {
    private func varint(_ bytes: [UInt8]) throws(WireError) -> UInt64 {
        var reader = WireReader(bytes.span)
        let value = try reader.varint()
        guard reader.isAtEnd else { throw .truncated }
        return value
    }

    /// Reads over all fields, as a message does that knows none of them.
    private func skipAll(_ bytes: [UInt8]) throws(WireError) {
        var reader = WireReader(bytes.span)
        while let tag = try reader.nextTag() { try reader.skip(tag) }
    }

    @Test("a varint has seven bits a byte, the lowest first")
    func varints() throws {
        #expect(try varint([0]) == 0)
        #expect(try varint([0x7F]) == 127)
        #expect(try varint([0x80, 0x01]) == 128)
        #expect(try varint([0xAC, 0x02]) == 300)
        #expect(try varint([UInt8](repeating: 0xFF, count: 9) + [1]) == .max)
    }

    @Test("a varint may be padded to ten bytes, and not to eleven")
    func paddedVarints() throws {
        for padding in 0...8 {
            #expect(try varint([0x85] + [UInt8](repeating: 0x80, count: padding) + [0]) == 5)
        }
        let eleven = [0x85] + [UInt8](repeating: 0x80, count: 9) + [0]
        #expect(throws: WireError.overlongVarint) { try varint(eleven) }
        let endless = [UInt8](repeating: 0xFF, count: 30)
        #expect(throws: WireError.overlongVarint) { try varint(endless) }
    }

    @Test("bits beyond the 64th are dropped", arguments: [0x02, 0x7E, 0x70] as [UInt8])
    func bitsBeyond(last: UInt8) throws {
        #expect(try varint([UInt8](repeating: 0xFF, count: 9) + [last]) == .max >> 1)
        #expect(try varint([UInt8](repeating: 0xFF, count: 9) + [last | 1]) == .max)
    }

    @Test("a varint that the message ends in is refused")
    func cutVarints() {
        #expect(throws: WireError.truncated) { try varint([]) }
        for count in 1...9 {
            let cut = [UInt8](repeating: 0x80, count: count)
            #expect(throws: WireError.truncated) { try varint(cut) }
        }
    }

    @Test("smaller numbers take the low bits of a varint")
    func narrowNumbers() throws {
        let big: [UInt8] = [0x81, 0x80, 0x80, 0x80, 0x10]  // 2^32 + 1
        var reader = WireReader(big.span)
        #expect(try reader.uint32() == 1)
        reader = WireReader(big.span)
        #expect(try reader.int32() == 1)
        let even: [UInt8] = [0x80, 0x80, 0x80, 0x80, 0x10]  // 2^32
        reader = WireReader(even.span)
        #expect(try reader.bool())
        let minusOne = [UInt8](repeating: 0xFF, count: 9) + [1]
        reader = WireReader(minusOne.span)
        #expect(try reader.int32() == -1)
    }

    @Test("signed numbers zigzag")
    func zigzag() throws {
        for (raw, value) in [([0], 0), ([1], -1), ([2], 1), ([3], -2)] as [([UInt8], Int64)] {
            var reader = WireReader(raw.span)
            #expect(try reader.sint64() == value)
        }
        let least = [UInt8](repeating: 0xFF, count: 9) + [1]
        var reader = WireReader(least.span)
        #expect(try reader.sint64() == .min)
    }

    @Test("fixed numbers are little endian and whole")
    func fixedNumbers() throws {
        let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        var reader = WireReader(bytes.span)
        #expect(try reader.fixed64() == 0x0807_0605_0403_0201)
        reader = WireReader(bytes.span)
        #expect(try reader.fixed32() == 0x0403_0201)
        let short: [UInt8] = [1, 2, 3]
        #expect(throws: WireError.truncated) {
            var reader = WireReader(short.span)
            _ = try reader.fixed32()
        }
        #expect(throws: WireError.truncated) {
            var reader = WireReader(short.span)
            _ = try reader.fixed64()
        }
    }

    @Test("a tag has at most five bytes and 32 bits")
    func longTags() throws {
        try skipAll([0x88, 0x80, 0x80, 0x80, 0x00, 1])  // field 1, padded
        try skipAll([0xF8, 0xFF, 0xFF, 0xFF, 0x0F, 1])  // field 536870911
        #expect(throws: WireError.malformedTag) {
            try skipAll([0x88, 0x80, 0x80, 0x80, 0x80, 0x00, 1])
        }
        #expect(throws: WireError.malformedTag) {
            try skipAll([0xF8, 0xFF, 0xFF, 0xFF, 0x1F, 1])
        }
        #expect(throws: WireError.truncated) { try skipAll([0x88, 0x80]) }
    }

    @Test("field 0 is refused, however it is written, and inside groups")
    func fieldZero() {
        for bytes in [[0, 0], [2, 0], [0x80, 0, 0], [0x0B, 0, 0, 0x0C]] as [[UInt8]] {
            #expect(throws: WireError.malformedTag) { try skipAll(bytes) }
        }
    }

    @Test("a length that points past the end is refused, not read")
    func lengthPastTheEnd() {
        let bytes: [UInt8] = [5, 1, 2]
        #expect(throws: WireError.truncated) {
            var reader = WireReader(bytes.span)
            _ = try reader.bytesField()
        }
    }

    @Test("a length may be padded to five bytes, and not to six")
    func paddedLengths() throws {
        try skipAll([0x0A, 0x81, 0x80, 0x80, 0x80, 0x00, 7])
        #expect(throws: WireError.overlongVarint) {
            try skipAll([0x0A, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00, 7])
        }
    }

    @Test("a length of 2 GiB and more is refused")
    func hugeLengths() {
        let most: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x07]  // 2^31 - 1
        #expect(throws: WireError.truncated) { try skipAll([0x0A] + most) }
        let over: [UInt8] = [0x80, 0x80, 0x80, 0x80, 0x08]  // 2^31
        #expect(throws: WireError.lengthTooLarge) { try skipAll([0x0A] + over) }
        #expect(throws: WireError.lengthTooLarge) { try skipAll([0x0B, 0x0A] + over + [0x0C]) }
        let greatest = [UInt8](repeating: 0xFF, count: 9) + [1]  // 2^64 - 1
        #expect(throws: WireError.overlongVarint) { try skipAll([0x0A] + greatest) }
    }

    @Test(
        "text that is not UTF-8 is refused",
        arguments: [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
            [0xF0, 0x9F, 0x98], [0x80], [0x61, 0xC3],
        ] as [[UInt8]])
    func invalidText(text: [UInt8]) throws {
        let field = [UInt8(text.count)] + text
        #expect(throws: WireError.invalidUTF8) {
            var reader = WireReader(field.span)
            _ = try reader.stringField()
        }
        var reader = WireReader(field.span)
        let count = try reader.bytesField().count
        #expect(count == text.count)
    }

    @Test(
        "text may have NUL, U+FFFF and the last code point",
        arguments: ["\0", "\u{FFFF}", "\u{10FFFF}"])
    func unusualText(text: String) throws {
        let field = [UInt8(text.utf8.count)] + Array(text.utf8)
        var reader = WireReader(field.span)
        let count = try reader.stringField().count
        #expect(count == text.utf8.count)
    }

    @Test("groups are skipped with all that is in them")
    func groups() throws {
        try skipAll([0x0B, 0x08, 0x01, 0x13, 0x12, 0x01, 0x00, 0x14, 0x0C])
        #expect(throws: WireError.unmatchedGroup) { try skipAll([0x0B, 0x14]) }
        #expect(throws: WireError.unmatchedGroup) { try skipAll([0x0C]) }
        #expect(throws: WireError.unmatchedGroup) { try skipAll([0x0B, 0x13, 0x0C, 0x14]) }
        #expect(throws: WireError.truncated) { try skipAll([0x0B]) }
        #expect(throws: WireError.malformedTag) { try skipAll([0x0B, 0x0E, 0x0C]) }
    }

    @Test("groups lie in each other a hundred deep and no deeper")
    func groupDepth() throws {
        func nest(_ depth: Int) -> [UInt8] {
            [UInt8](repeating: 0x0B, count: depth) + [UInt8](repeating: 0x0C, count: depth)
        }
        try skipAll(nest(100))
        #expect(throws: WireError.nestedTooDeep) { try skipAll(nest(101)) }
        #expect(throws: WireError.nestedTooDeep) { try skipAll(nest(1_000_000)) }
        // Messages count as well: a lease is one level.
        #expect(throws: Never.self) { try lease(around: nest(99)) }
        #expect(throws: WireError.nestedTooDeep) { try lease(around: nest(100)) }
        // What is inside an unknown field is nobody's business.
        try skipAll([0x0A, 0xE8, 0x07] + nest(500))
    }

    private func lease(around inner: [UInt8]) throws(WireError) {
        var writer = WireWriter()
        writer.bytes(7, always: inner.span)
        _ = try GetRequestView(decoding: writer.bytes)
    }
}
