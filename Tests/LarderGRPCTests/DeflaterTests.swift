import LarderGRPC
import Testing

@Suite("Deflater")
struct DeflaterTests {
    private static let formats: [MessageEncoding] = [.gzip, .deflate]

    /// The message packed in these pieces; nil when it is not worth it.
    private func pack(
        _ pieces: [[UInt8]], _ encoding: MessageEncoding, always: Bool = false,
        with deflater: inout Deflater
    ) -> [UInt8]? {
        let messageBytes = pieces.reduce(0) { $0 + $1.count }
        deflater.begin(encoding, messageBytes: messageBytes, always: always)
        for piece in pieces { deflater.append(piece.span) }
        return deflater.finish() ? copy(deflater.deflated) : nil
    }

    private func unpack(_ bytes: [UInt8], _ encoding: MessageEncoding) throws -> [UInt8] {
        var inflater = Inflater()
        return try inflater.inflate(bytes.span, as: encoding, bytesMax: 1 << 24)
    }

    private func text(_ count: Int) -> [UInt8] {
        let words = Array("a larder keeps what is good to have at hand; ".utf8)
        return (0..<count).map { words[($0 + $0 / 97) % words.count] }
    }

    @Test("what is packed can be unpacked, however it was cut", arguments: formats)
    func roundTrip(_ encoding: MessageEncoding) throws {
        var deflater = Deflater()
        for count in [100, 1_000, 4_095, 4_096, 4_097, 20_000, 100_000] {
            let message = text(count)
            for cuts in [[], [1], [4_096], [10, 20, 5_000], [0, 0]] {
                var pieces: [[UInt8]] = []
                var start = 0
                for cut in cuts where cut <= count {
                    pieces.append(Array(message[start..<cut]))
                    start = cut
                }
                pieces.append(Array(message[start...]))
                let packed = try #require(pack(pieces, encoding, with: &deflater))
                #expect(packed.count < count)
                #expect(try unpack(packed, encoding) == message)
            }
        }
    }

    @Test("what does not shrink is left as it is, and tells so after a sample")
    func noGain() {
        var generator = SplitMix(seed: 7)
        var deflater = Deflater()
        let noise = generator.bytes(100_000)
        for encoding in Self.formats {
            for count in [0, 1, 20, 1_000, 4_096, 4_097, 100_000] {
                #expect(pack([Array(noise[..<count])], encoding, with: &deflater) == nil)
            }
        }
        // A tenth of it shrinks, but not where one looks.
        #expect(pack([noise, text(10_000)], .gzip, with: &deflater) == nil)
    }

    @Test("what is to be packed in any case is", arguments: formats)
    func always(_ encoding: MessageEncoding) throws {
        var generator = SplitMix(seed: 8)
        var deflater = Deflater()
        for count in [0, 1, 5_000, 100_000] {
            let noise = generator.bytes(count)
            let packed = try #require(pack([noise], encoding, always: true, with: &deflater))
            #expect(try unpack(packed, encoding) == noise)
        }
    }

    @Test("messages know nothing of each other, whatever the formats")
    func fresh() throws {
        var deflater = Deflater()
        let message = text(5_000)
        let first = try #require(pack([message], .gzip, with: &deflater))
        _ = pack([[1]], .gzip, with: &deflater)
        #expect(pack([message], .gzip, with: &deflater) == first)
        let other = try #require(pack([message], .deflate, with: &deflater))
        #expect(try unpack(other, .deflate) == message)
        #expect(pack([message], .gzip, with: &deflater) == first)
        deflater.begin(.gzip, messageBytes: 5_000)
        deflater.append(message.span)
        #expect(pack([message], .gzip, with: &deflater) == first)
    }

    @Test(
        "the answer's encoding is the best that the caller accepts",
        arguments: [
            ("", MessageEncoding.identity), ("identity", .identity), ("gzip", .gzip),
            ("deflate", .deflate), ("identity,deflate,gzip", .gzip),
            ("identity, deflate, gzip", .gzip), ("  deflate ,zstd", .deflate), (",,,", .identity),
            ("gzipp,deflat", .identity), ("GZIP", .identity), ("gzip;q=0", .identity),
            ("deflate,", .deflate), (" ", .identity), ("zstd gzip", .identity),
        ])
    func accepted(_ list: String, _ encoding: MessageEncoding) {
        #expect(MessageEncoding(acceptedIn: list.utf8.span) == encoding)
    }
}
