import LarderGRPC
import Testing

@Suite("Inflater")
struct InflaterTests {
    // Made by Python's gzip and zlib.
    private static let text = Array("hello hello hello".utf8)
    private static let gzip: [UInt8] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9,
        0x57, 0xc8, 0x40, 0x90, 0x00, 0x80, 0x88, 0xf9, 0xe5, 0x11, 0x00, 0x00, 0x00,
    ]
    private static let zlib: [UInt8] = [
        0x78, 0x9c, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x90, 0x00, 0x3a, 0x2e, 0x06,
        0x7d,
    ]
    private static let formats: [(MessageEncoding, [UInt8])] = [(.gzip, gzip), (.deflate, zlib)]

    private func inflate(
        _ bytes: [UInt8], _ encoding: MessageEncoding, bytesMax: UInt32 = 1 << 20
    ) throws(InflateError) -> [UInt8] {
        var inflater = Inflater()
        return try inflater.inflate(bytes.span, as: encoding, bytesMax: bytesMax)
    }

    @Test("what others have packed is unpacked, in both formats")
    func known() throws {
        for (encoding, bytes) in Self.formats {
            #expect(try inflate(bytes, encoding) == Self.text)
        }
    }

    @Test("one format is not taken for the other, and identity's bytes for neither")
    func otherFormat() {
        #expect(throws: InflateError.corrupt) { try inflate(Self.gzip, .deflate) }
        #expect(throws: InflateError.corrupt) { try inflate(Self.zlib, .gzip) }
        #expect(throws: InflateError.corrupt) { try inflate(Self.text, .gzip) }
        // Without the header of the format.
        #expect(throws: InflateError.corrupt) {
            try inflate(Array(Self.zlib.dropFirst(2).dropLast(4)), .deflate)
        }
    }

    @Test("a message cut at any place is refused")
    func cut() {
        for (encoding, bytes) in Self.formats {
            for count in 0..<bytes.count {
                #expect(throws: InflateError.truncated) {
                    try inflate(Array(bytes[..<count]), encoding)
                }
            }
        }
    }

    @Test("what follows a message's end is refused")
    func surplus() {
        #expect(throws: InflateError.surplus) { try inflate(Self.zlib + [0], .deflate) }
        #expect(throws: InflateError.surplus) { try inflate(Self.zlib + Self.zlib, .deflate) }
        #expect(throws: InflateError.corrupt) { try inflate(Self.gzip + [0, 0], .gzip) }
        #expect(throws: InflateError.truncated) { try inflate(Self.gzip + [0x1f], .gzip) }
    }

    @Test("several members of gzip are one message")
    func members() throws {
        let members = Self.gzip + Self.gzip + Self.gzip
        #expect(try inflate(members, .gzip) == Self.text + Self.text + Self.text)
        #expect(throws: InflateError.tooLarge(limitBytes: 50)) {
            try inflate(members, .gzip, bytesMax: 50)
        }
    }

    @Test("a wrong sum, or any other bit turned, is never taken for a message's own")
    func flipped() {
        for (encoding, bytes) in Self.formats {
            for bit in 0..<(bytes.count * 8) {
                var wrong = bytes
                wrong[bit / 8] ^= 1 << (bit % 8)
                let message = try? inflate(wrong, encoding)
                // Some bits of gzip's header, and those that fill the last byte, say nothing.
                #expect(message == nil || message == Self.text)
            }
        }
    }

    @Test("a message of the limit is taken, one byte more is refused and not unpacked further")
    func limit() throws {
        let count = UInt32(Self.text.count)
        for (encoding, bytes) in Self.formats {
            #expect(try inflate(bytes, encoding, bytesMax: count) == Self.text)
            #expect(throws: InflateError.tooLarge(limitBytes: count - 1)) {
                try inflate(bytes, encoding, bytesMax: count - 1)
            }
            #expect(throws: InflateError.tooLarge(limitBytes: 0)) {
                try inflate(bytes, encoding, bytesMax: 0)
            }
        }
    }

    @Test("a bomb costs no more than the limit", arguments: [MessageEncoding.gzip, .deflate])
    func bomb(_ encoding: MessageEncoding) {
        var deflater = Deflater()
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        deflater.begin(encoding, messageBytes: 64 << 20, always: true)
        for _ in 0..<64 { deflater.append(zeros.span) }
        let isPacked = deflater.finish()
        #expect(isPacked)
        let bytes = copy(deflater.deflated)
        #expect(bytes.count < 512 << 10)
        #expect(throws: InflateError.tooLarge(limitBytes: 1 << 20)) {
            try inflate(bytes, encoding)
        }
        // Nested: the inside is a message like any other.
        #expect(throws: InflateError.tooLarge(limitBytes: 100)) {
            try inflate(bytes, encoding, bytesMax: 100)
        }
    }

    @Test("a fault leaves nothing behind for the next message")
    func afterFault() throws {
        var inflater = Inflater()
        for (encoding, bytes) in Self.formats + Self.formats.reversed() {
            for wrong in [Array(bytes.dropLast()), [1, 2, 3], [], bytes + [7]] {
                #expect(throws: InflateError.self) {
                    try inflater.inflate(wrong.span, as: encoding, bytesMax: 100)
                }
                let message = try inflater.inflate(bytes.span, as: encoding, bytesMax: 100)
                #expect(message == Self.text)
                inflater.reuse(message)
            }
        }
    }

    @Test("memory is kept up to a bound")
    func kept() throws {
        var deflater = Deflater()
        var inflater = Inflater()
        for count in [10, 60_000, 300_000] {
            let zeros = [UInt8](repeating: 0, count: count)
            deflater.begin(.gzip, messageBytes: count, always: true)
            deflater.append(zeros.span)
            let isPacked = deflater.finish()
            #expect(isPacked)
            let message = try inflater.inflate(deflater.deflated, as: .gzip, bytesMax: 1 << 22)
            #expect(message == zeros)
            #expect(message.capacity <= max(2 * count, Inflater.keptBytesMax) + 64)
            inflater.reuse(message)
        }
    }

    @Test(
        "random bytes are refused, or unpacked within the limit", arguments: 0..<20 as Range<UInt64>
    )
    func random(seed: UInt64) {
        var generator = SplitMix(seed: seed)
        var inflater = Inflater()
        for _ in 0..<200 {
            var bytes = generator.bytes(Int.random(in: 0...80, using: &generator))
            let encoding: MessageEncoding = Bool.random(using: &generator) ? .gzip : .deflate
            if Bool.random(using: &generator) {
                let head = encoding == .gzip ? Self.gzip.prefix(10) : Self.zlib.prefix(2)
                bytes = head + bytes
            }
            if let message = try? inflater.inflate(bytes.span, as: encoding, bytesMax: 1_000) {
                #expect(message.count <= 1_000, "seed \(seed)")
            }
        }
    }
}

/// The bytes, owned.
func copy(_ span: Span<UInt8>) -> [UInt8] { span.indices.map { span[$0] } }
