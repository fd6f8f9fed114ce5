/// Strings written into a log line: escaped so that they stay in it, and cut at a bound.
enum LogText {
    /// As it is, control characters escaped.
    static func appendPlain(_ text: String, bytesMax: Int, to line: inout [UInt8]) {
        append(text, bytesMax: bytesMax, isQuoted: false, to: &line)
    }

    /// As it is if it reads as one word, else in quotation marks.
    static func appendWord(_ text: String, bytesMax: Int, to line: inout [UInt8]) {
        let isWord =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                byte > UInt8(ascii: " ") && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "=")
                    && byte != 0x7F
            }
        if isWord {
            appendPlain(text, bytesMax: bytesMax, to: &line)
        } else {
            appendJSON(text, bytesMax: bytesMax, to: &line)
        }
    }

    /// As a JSON string.
    static func appendJSON(_ text: String, bytesMax: Int, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        append(text, bytesMax: bytesMax, isQuoted: true, to: &line)
        line.append(UInt8(ascii: "\""))
    }

    // The bound counts what is written, escapes included; a cut falls between two characters.
    private static func append(
        _ text: String, bytesMax: Int, isQuoted: Bool, to line: inout [UInt8]
    ) {
        let start = line.count
        for scalar in text.unicodeScalars {
            let before = line.count
            for byte in scalar.utf8 { appendEscaped(byte, isQuoted: isQuoted, to: &line) }
            guard line.count - start <= bytesMax else {
                line.removeSubrange(before...)
                line.append(contentsOf: "…".utf8)
                return
            }
        }
    }

    private static func appendEscaped(_ byte: UInt8, isQuoted: Bool, to line: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\n"): line.append(contentsOf: #"\n"#.utf8)
        case UInt8(ascii: "\r"): line.append(contentsOf: #"\r"#.utf8)
        case UInt8(ascii: "\t"): line.append(contentsOf: #"\t"#.utf8)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            if isQuoted { line.append(UInt8(ascii: "\\")) }
            line.append(byte)
        case 0..<0x20, 0x7F:
            let digits = Array("0123456789abcdef".utf8)
            line.append(contentsOf: #"\u00"#.utf8)
            line.append(digits[Int(byte >> 4)])
            line.append(digits[Int(byte & 0xF)])
        default: line.append(byte)
        }
    }
}
