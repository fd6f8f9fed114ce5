import LarderGRPC
import Testing

@Suite("PercentEncoding")
struct PercentEncodingTests {
    @Test("the special status message of the interoperability tests travels as gRPC has it")
    func specialStatusMessage() {
        let text = "\t\ntest with whitespace\r\nand Unicode BMP \u{263A} and non-BMP \u{1F608}\t\n"
        let encoded =
            "%09%0Atest with whitespace%0D%0Aand Unicode BMP %E2%98%BA and non-BMP "
            + "%F0%9F%98%88%09%0A"
        #expect(PercentEncoding.encode(text) == encoded)
        #expect(decode(encoded) == text)
    }

    @Test("printable ASCII stays, all else and the percent sign is escaped")
    func everyASCII() {
        for byte in UInt8(0)..<128 {
            let text = "a" + String(Unicode.Scalar(byte)) + "b"
            let isPlain = byte >= 0x20 && byte <= 0x7E && byte != UInt8(ascii: "%")
            #expect((PercentEncoding.encode(text) == text) == isPlain)
            #expect(decode(PercentEncoding.encode(text)) == text)
        }
    }

    @Test("blanks at the ends are escaped, since HTTP would strip them")
    func blanksAtTheEnds() {
        #expect(PercentEncoding.encode(" a b ") == "%20a b%20")
        #expect(PercentEncoding.encode(" ") == "%20")
        #expect(PercentEncoding.encode("   ") == "%20 %20")
        #expect(PercentEncoding.encode("") == "")
    }

    @Test("what is no escape stays as it is", arguments: ["%", "%4", "%zz", "a%", "100%", "%%2"])
    func brokenEscapes(_ text: String) {
        #expect(decode(text) == text)
    }

    @Test("escapes are read in either case, broken UTF-8 is replaced")
    func decoding() {
        #expect(decode("%e2%98%ba%E2%98%BA") == "\u{263A}\u{263A}")
        #expect(decode("%25%32%35") == "%25")
        #expect(decode("a%FFb") == "a\u{FFFD}b")
        #expect(decode("+") == "+")
    }

    @Test("every bound is kept, and the text before it comes back whole")
    func bounds() {
        let text = " a%b \u{E9}\u{263A}\u{1F608} z "
        for bound in 0...60 {
            let encoded = PercentEncoding.encode(text, encodedBytesMax: bound)
            #expect(encoded.utf8.count <= bound)
            #expect(text.hasPrefix(decode(encoded)))
            #expect(encoded.last != " ")
        }
    }

    @Test("any text comes back")
    func roundTrip() {
        var generator = SplitMix(seed: 1)
        for _ in 0..<2_000 {
            let bytes = generator.bytes(Int.random(in: 0...40, using: &generator))
            let text = String(decoding: bytes, as: UTF8.self)
            let encoded = PercentEncoding.encode(text)
            #expect(decode(encoded) == text)
            #expect(encoded.utf8.allSatisfy { $0 >= 0x20 && $0 <= 0x7E })
        }
    }

    private func decode(_ text: String) -> String {
        PercentEncoding.decode(Array(text.utf8).span)
    }
}
