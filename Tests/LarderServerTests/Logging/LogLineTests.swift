import Foundation
import LarderServer
import Logging
import Testing

@Suite struct LogLineTests {
    private static let time = Timestamp(unixMillis: 1_795_341_600_123)

    private func line(
        _ format: LogFormat, level: Logger.Level = .info, _ message: String,
        _ metadata: Logger.Metadata = [:]
    ) -> String {
        let bytes = LogLine(format: format, label: "larder")
            .bytes(at: Self.time, level: level, message: message, metadata: metadata)
        #expect(bytes.count <= LogLine.bytesMax)
        #expect(bytes.last == UInt8(ascii: "\n"))
        #expect(bytes.filter { $0 == UInt8(ascii: "\n") }.count == 1)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func object(_ line: String) throws -> [String: Any] {
        try #require(
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test("a text line has time, level, label, message and sorted metadata")
    func text() {
        #expect(
            line(.text, "listening", ["threads": "2", "address": "127.0.0.1:7070"])
                == "2026-11-22T10:00:00.123Z info  larder: listening address=127.0.0.1:7070 threads=2\n"
        )
        #expect(line(.text, level: .warning, "x") == "2026-11-22T10:00:00.123Z warning larder: x\n")
    }

    @Test("metadata that isn't one word stands in quotation marks")
    func quoting() {
        let text = line(
            .text, "m",
            [
                "a": "two words", "b": "", "c": "k=v", "d": "say \"x\"", "e": .array(["p", "q"]),
                "f": .dictionary(["k": "v"]),
            ])
        let expected =
            #"m a="two words" b="" c="k=v" d="say \"x\"" e=p,q f="k=v""# + "\n"
        #expect(text.hasSuffix(expected))
    }

    @Test("control characters can't break a line or colour a terminal")
    func control() {
        let text = line(.text, "a\nb\u{1B}[31m\r\u{0}", ["k\n": "v\nw"])
        #expect(text.hasSuffix(#"a\nb\u001b[31m\r\u0000 k\n="v\nw""# + "\n"))
    }

    @Test("a JSON line is one object with ts, level, label, message and metadata")
    func json() throws {
        let text = line(
            .json, level: .error, "a \"b\"\n",
            ["k": "v", "list": .array(["x", .dictionary(["y": .stringConvertible(1)])])])
        let expected =
            #"{"ts":"2026-11-22T10:00:00.123Z","level":"error","label":"larder","message":"a \"b\"\n","#
            + #""metadata":{"k":"v","list":["x",{"y":"1"}]}}"# + "\n"
        #expect(text == expected)
        #expect(try object(text)["message"] as? String == "a \"b\"\n")
        #expect(try object(line(.json, "m"))["metadata"] == nil)
    }

    @Test("long messages and values are cut between characters, and the cut is shown")
    func cuts() throws {
        let long = String(repeating: "ä", count: 10_000)
        #expect(line(.text, long).contains("ä…\n"))
        let text = line(.json, long, ["k": .string(long)])
        let message = try #require(try object(text)["message"] as? String)
        #expect(message.hasSuffix("ä…"))
        #expect(message.utf8.count <= LogLine.messageBytesMax + 3)
    }

    @Test("metadata that doesn't fit is left out and a JSON line stays whole")
    func manyFields() throws {
        var metadata: Logger.Metadata = [:]
        for index in 0..<1_000 {
            metadata["key\(index)"] = .string(String(repeating: "\u{1}", count: 1_000))
        }
        let text = line(.text, String(repeating: "\u{1}", count: 9_999), metadata)
        #expect(text.hasSuffix(" …\n"))
        let json = try object(line(.json, String(repeating: "\"", count: 9_999), metadata))
        #expect(json["cut"] as? Bool == true)
    }

    @Test("nested metadata stays nested in JSON, and is left out whole if it doesn't fit")
    func nested() throws {
        let nested: Logger.Metadata = ["v": .array([.dictionary(["a": "1", "b": .array([])])])]
        #expect(line(.json, "m", nested).hasSuffix(#""metadata":{"v":[{"a":"1","b":[]}]}}"# + "\n"))
        #expect(line(.text, "m", nested).hasSuffix(#" v="a=1,b=""# + "\n"))
        let wide = Logger.MetadataValue.array(Array(repeating: "wide", count: 1_000))
        let json = try object(line(.json, "m", ["a": "kept", "v": wide]))
        #expect(json["metadata"] as? [String: String] == ["a": "kept"])
        #expect(json["cut"] as? Bool == true)
    }

    @Test(
        "times are those of the calendar",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_709_164_800_001, "2024-02-29T00:00:00.001Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (1_798_761_599_000, "2026-12-31T23:59:59.000Z"),
        ] as [(UInt64, String)])
    func calendar(millis: UInt64, text: String) {
        var bytes: [UInt8] = []
        Timestamp(unixMillis: millis).append(to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }
}
