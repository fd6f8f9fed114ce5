import LarderClient
import LarderProtocol
import Testing

@Suite("JSONLines")
struct JSONLinesTests {
    @Test(
        "objects of every shape are read, however the bytes are torn",
        arguments: [1, 5, Int.max])
    func reading(pieceBytes: Int) throws {
        let text = #"""
            {"key": "a", "value": "hello"}

              {"value":{"x": [1, 2.5e-3, null, "é"]} , "key":"b","ttl_millis":500,"flags":7}
            {"key_hex":"00ff","value_base64":"/wA=","version":"18446744073709551615"}
            {"key":"\u00e9\ud83d\ude00\n\/","value":"","other":[{"deep":true}],"ttl_millis":null}
            {"key":"n","value":-12.50}
            """#
        let entries = try RecordReader.readAll(.jsonl, text, pieceBytes: pieceBytes)
        #expect(entries.map(\.key) == [[97], [98], [0, 255], Array("é😀\n/".utf8), [110]])
        #expect(entries[0].valueText == "hello")
        #expect(entries[1].valueText == #"{"x": [1, 2.5e-3, null, "é"]}"#)
        #expect(entries[1].head.ttlMillis == 500)
        #expect(entries[1].head.flags == 7)
        #expect(entries[2].value == [255, 0])
        #expect(entries[2].head.version == .max)
        #expect(entries[3].head.ttlMillis == nil)
        #expect(entries[4].valueText == "-12.50")
    }

    @Test(
        "what is no such object is refused with its line",
        arguments: [
            "[]", "{", "{\"key\":\"a\"}", "{\"value\":\"a\"}", "{\"key\":1,\"value\":2}",
            "{\"key\":\"a\",\"value\":\"b\"} x", "{\"key\":\"a\",\"value\":\"b\",}",
            "{\"key\":\"a\",\"value\":\"b}", "{\"key\":\"a\",\"value\":01}",
            "{\"key\":\"a\",\"value\":1.}", "{\"key\":\"a\",\"value\":tru}",
            "{\"key\":\"a\",\"key_hex\":\"61\",\"value\":1}", "{\"key\":\"\",\"value\":1}",
            "{\"key\":\"a\",\"value\":\"\\ud800\"}", "{\"key\":\"a\",\"value\":\"\\x\"}",
            "{\"key\":\"a\",\"value\":\"\u{1}\"}", "{\"key\":\"a\",\"value\":1,\"flags\":-1}",
            "{\"key\":\"a\",\"value\":1,\"flags\":1.5}", "{\"key\":\"a\",\"value_hex\":\"0\"}",
            "{\"key\":\"a\",\"value\":1,\"ttl_millis\":99999999999999999999}",
        ])
    func malformed(line: String) {
        let text = "{\"key\":\"first\",\"value\":1}\n\(line)\n"
        let error = #expect(throws: InputError.self) { _ = try RecordReader.readAll(.jsonl, text) }
        #expect(error?.place == .line(2))
    }

    @Test("nesting has a bound, so that no line can exhaust the stack")
    func depth() throws {
        func line(_ depth: Int) -> String {
            let open = String(repeating: "[", count: depth)
            let close = String(repeating: "]", count: depth)
            return "{\"key\":\"a\",\"value\":\(open)\(close)}"
        }
        #expect(try RecordReader.readAll(.jsonl, line(100)).count == 1)
        #expect(throws: InputError.self) { _ = try RecordReader.readAll(.jsonl, line(100_000)) }
    }

    @Test("a string that is not UTF-8 is refused")
    func notUTF8() {
        let bytes: [UInt8] = Array("{\"key\":\"a\",\"value\":\"".utf8) + [0xFF] + Array("\"}".utf8)
        #expect(throws: InputError.self) { _ = try RecordReader.readAll(.jsonl, bytes) }
    }

    @Test("what JSONText writes, JSONLines reads back: text as text, bytes as base64")
    func roundTrip() throws {
        let values: [[UInt8]] = [
            [], Array("plain".utf8), Array("\"\\\n\t\r\u{1}\u{7F}é😀".utf8), [0, 255, 128], [10],
        ]
        var text = JSONText()
        for (index, value) in values.enumerated() {
            text.beginObject()
            text.member("key", bytes: [UInt8(200 + index)])
            text.member("value", bytes: value)
            text.member("flags", UInt64(index))
            text.endObject()
            text.newline()
        }
        let entries = try RecordReader.readAll(.jsonl, text.bytes)
        #expect(entries.map(\.value) == values)
        #expect(entries.map(\.key) == (0..<5).map { [UInt8(200 + $0)] })
        #expect(entries.map(\.head.flags) == [0, 1, 2, 3, 4])
    }
}
