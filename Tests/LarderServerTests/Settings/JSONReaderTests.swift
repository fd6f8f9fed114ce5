import Foundation
import LarderServer
import Testing

@Suite struct JSONReaderTests {
    private func value(_ text: String) throws(JSONError) -> JSONNode.Value {
        try JSONReader.read(Array(text.utf8)).value
    }

    @Test("plain values are read as they are written")
    func plain() throws {
        #expect(try value(" null ") == .null)
        #expect(try value("true") == .truth(true))
        #expect(try value("false\r\n\t") == .truth(false))
        for number in ["0", "-0", "10", "1.50", "1e9", "1E+9", "-2.5e-3"] {
            #expect(try value(number) == .number(number))
        }
        #expect(try value(#""""#) == .string(""))
        #expect(try value(#""a\"\\\/\b\f\n\r\tä€😀""#) == .string("a\"\\/\u{8}\u{C}\n\r\tä€😀"))
        #expect(try value(#""\u0041\u00e4\ud83d\ude00""#) == .string("Aä😀"))
    }

    @Test("positions count lines and characters from one")
    func positions() throws {
        let node = try JSONReader.read(Array("[\n 1, \"ä\", 2\n]".utf8))
        guard case .array(let elements) = node.value else {
            Issue.record("a list was expected")
            return
        }
        #expect(elements.map(\.position.description) == ["2:2", "2:5", "2:10"])
    }

    @Test(
        "what is not strictly JSON is refused, with its place",
        arguments: [
            ("", "1:1"), (" \n ", "2:2"), ("tru", "1:1"), ("nul", "1:1"), ("True", "1:1"),
            ("1 2", "1:3"), ("01", "1:2"), ("+1", "1:1"), (".5", "1:1"), ("1.", "1:3"),
            ("1e", "1:3"), ("-", "1:2"), ("NaN", "1:1"), ("[1,]", "1:4"), ("[1 2]", "1:4"),
            ("[", "1:2"), ("{", "1:2"), ("{\"a\"}", "1:5"), ("{\"a\":1,}", "1:8"),
            ("{a:1}", "1:2"), ("{'a':1}", "1:2"), ("{\"a\":1,\"a\":2}", "1:8"), ("]", "1:1"),
            ("{\"a\":1}}", "1:8"), ("\"a", "1:3"), ("\"\\x\"", "1:4"), ("\"\\u12g4\"", "1:6"),
            ("\"\\ud800\"", "1:8"), ("\"\\ude00\"", "1:8"), ("\"\\ud800\\u0041\"", "1:14"),
            ("\"\n\"", "1:2"), ("// x\n1", "1:1"), ("\u{FEFF}1", "1:1"),
        ])
    func refuses(text: String, position: String) {
        let error = #expect(throws: JSONError.self) { try value(text) }
        #expect(error?.position.description == position)
    }

    @Test("bytes that are not UTF-8 are refused")
    func invalidBytes() {
        #expect(throws: JSONError.self) { try JSONReader.read([0x22, 0xFF, 0x22]) }
        #expect(throws: JSONError.self) { try JSONReader.read([0x22, 0xED, 0xA0, 0x80, 0x22]) }
        #expect(throws: JSONError.self) { try JSONReader.read([0xFF, 0xFE]) }
    }

    @Test("nesting is bounded")
    func nesting() throws {
        let depth = JSONReader.depthMax
        _ = try value(String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
        #expect(throws: JSONError.self) {
            try value(String(repeating: "[", count: depth + 1))
        }
        #expect(throws: JSONError.self) { try value(String(repeating: "{\"a\":", count: 100_000)) }
    }

    @Test("mutated text never traps, and what is accepted Foundation accepts too")
    func mutations() throws {
        let seed = Array(
            #"{"listen":["[::1]:1"],"cache":{"memory":"80%","n":-1.5e3},"b":[true,null,"\u00e4\n"]}"#
                .utf8)
        let alphabet = Array("{}[]\",:\\u0tn1-.e \n".utf8) + [0, 0x80, 0xC3, 0xFF]
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0...next(4) {
                switch next(3) {
                case 0: bytes[next(bytes.count)] = alphabet[next(alphabet.count)]
                case 1: bytes.insert(alphabet[next(alphabet.count)], at: next(bytes.count))
                default: bytes.removeSubrange(next(bytes.count)...)
                }
                if bytes.isEmpty { break }
            }
            guard (try? JSONReader.read(bytes)) != nil else { continue }
            #expect(
                (try? JSONSerialization.jsonObject(
                    with: Data(bytes), options: [.fragmentsAllowed])) != nil)
        }
    }
}
