/// JSON being written, one object or line at a time.
package struct JSONText: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() {}

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    package mutating func beginObject() {
        separate()
        bytes.append(Ascii.openBrace)
        needsComma = false
    }

    package mutating func endObject() {
        bytes.append(Ascii.closeBrace)
        needsComma = true
    }

    package mutating func beginArray(_ name: String) {
        memberName(name)
        bytes.append(Ascii.openBracket)
        needsComma = false
    }

    package mutating func endArray() {
        bytes.append(Ascii.closeBracket)
        needsComma = true
    }

    package mutating func newline() {
        bytes.append(Ascii.newline)
        needsComma = false
    }

    package mutating func member(_ name: String, _ number: UInt64) {
        memberName(name)
        bytes.append(contentsOf: String(number).utf8)
    }

    package mutating func member(_ name: String, _ flag: Bool) {
        memberName(name)
        bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    }

    package mutating func member(_ name: String, _ text: String) {
        memberName(name)
        string(Array(text.utf8))
    }

    /// A number with as many decimals.
    package mutating func member(_ name: String, _ number: Double, decimals: Int) {
        memberName(name)
        bytes.append(contentsOf: FixedPoint.text(number, decimals: decimals).utf8)
    }

    /// Bytes as text when they are UTF-8, else in base64 under `name_base64`.
    package mutating func member(_ name: String, bytes value: [UInt8]) {
        let isText: Bool
        do {
            _ = try UTF8Span(validating: value.span)
            isText = true
        } catch {
            isText = false
        }
        if isText {
            memberName(name)
            string(value)
        } else {
            memberName("\(name)_base64")
            bytes.append(Ascii.quote)
            bytes.append(contentsOf: Base64Text.encode(value).utf8)
            bytes.append(Ascii.quote)
        }
    }

    package mutating func element(_ text: String) {
        separate()
        string(Array(text.utf8))
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(Ascii.comma) }
    }

    private mutating func memberName(_ name: String) {
        separate()
        string(Array(name.utf8))
        bytes.append(Ascii.colon)
        needsComma = true
    }

    private mutating func string(_ text: [UInt8]) {
        bytes.append(Ascii.quote)
        for byte in text {
            switch byte {
            case Ascii.quote, Ascii.backslash:
                bytes.append(Ascii.backslash)
                bytes.append(byte)
            case Ascii.newline: bytes.append(contentsOf: "\\n".utf8)
            case Ascii.carriageReturn: bytes.append(contentsOf: "\\r".utf8)
            case Ascii.tab: bytes.append(contentsOf: "\\t".utf8)
            case 0..<0x20, 0x7F:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(contentsOf: Hex.encode([byte]).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(Ascii.quote)
    }
}

/// Numbers with a fixed count of decimals, written without help from C.
package enum FixedPoint {
    /// `number` rounded to `decimals` places (0 to 6); "0" for what is negative or not a number.
    package static func text(_ number: Double, decimals: Int) -> String {
        let places = min(max(decimals, 0), 6)
        var scale: UInt64 = 1
        for _ in 0..<places { scale *= 10 }
        let scaled = (number * Double(scale)).rounded()
        let whole = scaled > 0 && scaled < 1e18 ? UInt64(scaled) : 0
        guard places > 0 else { return String(whole) }
        let fraction = String(whole % scale)
        let zeros = String(repeating: "0", count: places - fraction.count)
        return "\(whole / scale).\(zeros)\(fraction)"
    }
}
