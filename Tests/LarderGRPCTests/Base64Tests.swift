import LarderGRPC
import Testing

@Suite("Base64")
struct Base64Tests {
    @Test(
        "the table of RFC 4648 holds, with padding and without",
        arguments: [
            ("", "", ""), ("f", "Zg", "Zg=="), ("fo", "Zm8", "Zm8="), ("foo", "Zm9v", "Zm9v"),
            ("foob", "Zm9vYg", "Zm9vYg=="), ("fooba", "Zm9vYmE", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy", "Zm9vYmFy"),
        ])
    func table(_ plain: String, _ unpadded: String, _ padded: String) {
        #expect(Base64.encode(Array(plain.utf8).span) == unpadded)
        #expect(decode(unpadded) == Array(plain.utf8))
        #expect(decode(padded) == Array(plain.utf8))
    }

    @Test("all sixty-four characters are read and written")
    func alphabet() {
        let text = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        let bytes = decode(text)
        #expect(bytes?.count == 48)
        #expect(bytes.map { Base64.encode($0.span) } == text)
    }

    @Test(
        "what is no base64 is refused",
        arguments: [
            "A", "AAAAA", "=", "==", "====", "A=", "AA=", "A===", "AAA==", "AA==AA", "AAAA=",
            "AA-_", "AA A", "AA\n", "q6ur,qw==", "\u{E9}",
        ])
    func refused(_ text: String) {
        #expect(decode(text) == nil)
    }

    @Test("any bytes come back")
    func roundTrip() {
        var generator = SplitMix(seed: 2)
        for count in 0..<500 {
            let bytes = generator.bytes(count)
            let text = Base64.encode(bytes.span)
            #expect(decode(text) == bytes)
            let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
            #expect(decode(text + padding) == bytes)
        }
    }

    private func decode(_ text: String) -> [UInt8]? { Base64.decode(Array(text.utf8).span) }
}
