/// Reads JSON as RFC 8259 has it, and nothing more lenient: what a configuration file says is
/// never guessed at.
///
/// Names given twice and nesting beyond `depthMax` are refused; errors know their place.
package struct JSONReader {
    /// Deeper than any configuration.
    package static let depthMax = 16

    private let bytes: [UInt8]
    private var offset = 0
    private var line = 1
    /// A place in the line up to which characters have been counted.
    private var counted = 0
    private var column = 1

    /// The value that the whole text is.
    package static func read(_ bytes: [UInt8]) throws(JSONError) -> JSONNode {
        var reader = JSONReader(bytes: bytes)
        let node = try reader.value(depth: 1)
        try reader.skipSpace()
        guard reader.peek == nil else { throw reader.error("there is more after the value") }
        return node
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var peek: UInt8? {
        offset < bytes.count ? bytes[offset] : nil
    }

    private mutating func position() -> TextPosition {
        // Bytes that continue a character in UTF-8 don't count.
        while counted < offset {
            if bytes[counted] & 0xC0 != 0x80 { column += 1 }
            counted += 1
        }
        return TextPosition(line: line, column: column)
    }

    private mutating func error(_ reason: String) -> JSONError {
        JSONError(position: position(), reason: reason)
    }

    private mutating func unexpected(_ expected: String) -> JSONError {
        switch peek {
        case nil: error("\(expected) is missing at the end")
        case .some(0x21...0x7E): error("\(expected) is missing")
        case .some: error("\(expected) is missing before a strange character")
        }
    }

    private mutating func skipSpace() throws(JSONError) {
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\n"):
                offset += 1
                line += 1
                counted = offset
                column = 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): offset += 1
            case UInt8(ascii: "/"), UInt8(ascii: "#"): throw error("JSON has no comments")
            default: return
            }
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONNode {
        try skipSpace()
        let start = position()
        guard let byte = peek else { throw unexpected("a value") }
        switch byte {
        case UInt8(ascii: "{"):
            guard depth <= Self.depthMax else { throw error("nested too deeply") }
            return JSONNode(.object(try fields(depth: depth)), at: start)
        case UInt8(ascii: "["):
            guard depth <= Self.depthMax else { throw error("nested too deeply") }
            return JSONNode(.array(try elements(depth: depth)), at: start)
        case UInt8(ascii: "\""): return JSONNode(.string(try string()), at: start)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return JSONNode(.number(try number()), at: start)
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return JSONNode(try word(), at: start)
        default: throw unexpected("a value")
        }
    }

    private mutating func fields(depth: Int) throws(JSONError) -> [JSONField] {
        offset += 1
        var fields: [JSONField] = []
        var names: Set<String> = []
        try skipSpace()
        if take("}") { return fields }
        while true {
            try skipSpace()
            let start = position()
            guard peek == UInt8(ascii: "\"") else { throw unexpected("a name in quotation marks") }
            let name = try string()
            guard names.insert(name).inserted else {
                throw JSONError(
                    position: start, reason: "\(OneLine.quoted(name)) is given twice")
            }
            try skipSpace()
            guard take(":") else { throw unexpected("a colon") }
            let node = try value(depth: depth + 1)
            fields.append(JSONField(name: name, position: start, node: node))
            try skipSpace()
            if take("}") { return fields }
            guard take(",") else { throw unexpected("a comma or }") }
        }
    }

    private mutating func elements(depth: Int) throws(JSONError) -> [JSONNode] {
        offset += 1
        var elements: [JSONNode] = []
        try skipSpace()
        if take("]") { return elements }
        while true {
            elements.append(try value(depth: depth + 1))
            try skipSpace()
            if take("]") { return elements }
            guard take(",") else { throw unexpected("a comma or ]") }
        }
    }

    private mutating func word() throws(JSONError) -> JSONNode.Value {
        let words: [(text: String, value: JSONNode.Value)] = [
            ("true", .truth(true)), ("false", .truth(false)), ("null", .null),
        ]
        for word in words where bytes[offset...].starts(with: word.text.utf8) {
            offset += word.text.utf8.count
            return word.value
        }
        throw error("a value is missing; a string stands in quotation marks")
    }

    private mutating func number() throws(JSONError) -> String {
        let start = offset
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private mutating func digits() throws(JSONError) {
        let start = offset
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            offset += 1
        }
        guard offset > start else { throw unexpected("a digit") }
    }

    private mutating func string() throws(JSONError) -> String {
        offset += 1
        var text: [UInt8] = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw error("the string is not UTF-8")
                }
                offset += 1
                return string
            case UInt8(ascii: "\\"): text.append(contentsOf: try escaped().utf8)
            case 0..<0x20: throw error("a control character in a string")
            default:
                text.append(byte)
                offset += 1
            }
        }
        throw unexpected("the closing quotation mark")
    }

    private mutating func escaped() throws(JSONError) -> Unicode.Scalar {
        offset += 1
        guard let letter = peek else { throw unexpected("an escape") }
        offset += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
            return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicode()
        default: throw error("an unknown escape")
        }
    }

    private mutating func unicode() throws(JSONError) -> Unicode.Scalar {
        let first = try fourDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, take("\\"), take("u") else { throw error("half a character") }
        let second = try fourDigits()
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw error("half a character") }
        return scalar
    }

    private mutating func fourDigits() throws(JSONError) -> UInt32 {
        var number: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue
            else { throw unexpected("a hexadecimal digit") }
            number = number << 4 | UInt32(digit)
            offset += 1
        }
        return number
    }
}
