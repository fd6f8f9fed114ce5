/// What is wrong with a piece of JSON, and where.
package struct JSONError: Error {
    /// The reason of a string that is no text.
    static let notUTF8 = "a string is not UTF-8"

    package let reason: String
    /// From 0.
    package let offset: Int

    package init(_ reason: String, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// In words, for `text`, which may have many lines. Columns count characters.
    package func description(in text: Span<UInt8>) -> String {
        var line = 1
        var column = 1
        for index in 0..<min(offset, text.count) {
            if text[index] == Ascii.newline {
                line += 1
                column = 1
            } else if text[index] & 0xC0 != 0x80 {
                column += 1
            }
        }
        return "line \(line), column \(column): \(reason)"
    }
}

/// A cursor over one JSON text (RFC 8259) that decodes what it is asked for and steps over the
/// rest, checking it.
package struct JSONScanner: ~Copyable, ~Escapable {
    /// How deep arrays and objects may lie in one another.
    package static let depthMax = 128

    private let bytes: Span<UInt8>
    package private(set) var offset = 0

    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    /// The next byte that is not white space; nil at the end.
    package mutating func peek() -> UInt8? {
        while offset < bytes.count {
            switch bytes[offset] {
            case Ascii.space, Ascii.tab, Ascii.newline, Ascii.carriageReturn: offset += 1
            default: return bytes[offset]
            }
        }
        return nil
    }

    /// Asked before an array or an object that lies in `depth` others.
    package func enter(depth: Int) throws(JSONError) {
        guard depth < Self.depthMax else {
            throw JSONError("deeper than \(Self.depthMax) levels", at: offset)
        }
    }

    package mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard peek() == byte else {
            throw JSONError("expected '\(Character(UnicodeScalar(byte)))'", at: offset)
        }
        offset += 1
    }

    /// Steps over what ends an array or an object, behind an element that no comma follows.
    package mutating func close(_ byte: UInt8) throws(JSONError) {
        guard take(byte) else {
            throw JSONError("expected ',' or '\(Character(UnicodeScalar(byte)))'", at: offset)
        }
    }

    /// Steps over `byte` if it is next.
    package mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        offset += 1
        return true
    }

    package mutating func expectEnd() throws(JSONError) {
        guard peek() == nil else {
            throw JSONError("something follows the end", at: offset)
        }
    }

    /// A string, decoded to UTF-8.
    package mutating func string() throws(JSONError) -> [UInt8] {
        try expect(Ascii.quote)
        let startOffset = offset
        var isAscii = true
        // Most strings have no escapes and are copied in one go.
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == Ascii.quote || byte == Ascii.backslash || byte < 0x20 { break }
            if byte >= 0x80 { isAscii = false }
            offset += 1
        }
        var text = [UInt8](copying: bytes.extracting(startOffset..<offset))
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            switch byte {
            case Ascii.quote:
                if !isAscii { try checkUTF8(startOffset..<(offset - 1)) }
                return text
            case Ascii.backslash: try escape(into: &text)
            case 0..<0x20: throw JSONError("a control character in a string", at: offset - 1)
            default:
                if byte >= 0x80 { isAscii = false }
                text.append(byte)
            }
        }
        throw JSONError("a string is not closed", at: offset)
    }

    private func checkUTF8(_ range: Range<Int>) throws(JSONError) {
        do {
            _ = try UTF8Span(validating: bytes.extracting(range))
        } catch {
            throw JSONError(JSONError.notUTF8, at: range.lowerBound)
        }
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        guard offset < bytes.count else { throw JSONError("a string is not closed", at: offset) }
        let byte = bytes[offset]
        offset += 1
        switch byte {
        case Ascii.quote, Ascii.backslash, 0x2F: text.append(byte)
        case 0x62: text.append(0x08)  // b
        case 0x66: text.append(0x0C)  // f
        case 0x6E: text.append(0x0A)  // n
        case 0x72: text.append(0x0D)  // r
        case 0x74: text.append(0x09)  // t
        case 0x75: try unicodeEscape(into: &text)
        default: throw JSONError("an unknown escape", at: offset - 1)
        }
    }

    private mutating func unicodeEscape(into text: inout [UInt8]) throws(JSONError) {
        var code = try fourDigits()
        if code & 0xFC00 == 0xD800 {
            guard offset + 2 <= bytes.count, bytes[offset] == Ascii.backslash,
                bytes[offset + 1] == 0x75
            else { throw JSONError("half a surrogate pair", at: offset - 1) }
            offset += 2
            let low = try fourDigits()
            guard low & 0xFC00 == 0xDC00 else {
                throw JSONError("half a surrogate pair", at: offset - 1)
            }
            code = 0x10000 + (code & 0x3FF) << 10 + (low & 0x3FF)
        }
        guard let scalar = UnicodeScalar(code) else {
            throw JSONError("half a surrogate pair", at: offset - 1)
        }
        text.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
    }

    private mutating func fourDigits() throws(JSONError) -> UInt32 {
        guard offset + 4 <= bytes.count else {
            throw JSONError("a string is not closed", at: offset)
        }
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Hex.digit(bytes[offset]) else {
                throw JSONError("\\u without four hexadecimal digits", at: offset)
            }
            code = code << 4 | UInt32(digit)
            offset += 1
        }
        return code
    }

    /// A number that is whole, not negative and fits in 64 bits.
    mutating func wholeNumber() throws(JSONError) -> UInt64 {
        _ = peek()
        let startOffset = offset
        try skipValue()
        guard let number = Decimal.parse(bytes.extracting(startOffset..<offset)) else {
            throw JSONError("not \(Decimal.words)", at: startOffset)
        }
        return number
    }

    /// Any value, as it is written.
    package mutating func rawValue() throws(JSONError) -> [UInt8] {
        _ = peek()
        let startOffset = offset
        try skipValue()
        return [UInt8](copying: bytes.extracting(startOffset..<offset))
    }

    /// Steps over one value.
    mutating func skipValue(depth: Int = 0) throws(JSONError) {
        guard let first = peek() else {
            throw JSONError("the end comes before a value", at: offset)
        }
        switch first {
        case Ascii.quote: _ = try string()
        case Ascii.openBrace: try skipObject(depth: depth)
        case Ascii.openBracket: try skipArray(depth: depth)
        case Ascii.minus, Ascii.zero...Ascii.nine: try skipNumber()
        case 0x74: try skipWord("true")
        case 0x66: try skipWord("false")
        case 0x6E: try skipWord("null")
        default: throw JSONError("expected a value", at: offset)
        }
    }

    private mutating func skipObject(depth: Int) throws(JSONError) {
        try enter(depth: depth)
        try expect(Ascii.openBrace)
        if take(Ascii.closeBrace) { return }
        repeat {
            _ = try string()
            try expect(Ascii.colon)
            try skipValue(depth: depth + 1)
        } while take(Ascii.comma)
        try close(Ascii.closeBrace)
    }

    private mutating func skipArray(depth: Int) throws(JSONError) {
        try enter(depth: depth)
        try expect(Ascii.openBracket)
        if take(Ascii.closeBracket) { return }
        repeat {
            try skipValue(depth: depth + 1)
        } while take(Ascii.comma)
        try close(Ascii.closeBracket)
    }

    private mutating func skipWord(_ word: String) throws(JSONError) {
        let text = word.utf8.span
        guard offset + text.count <= bytes.count else {
            throw JSONError("expected a value", at: offset)
        }
        for index in 0..<text.count where bytes[offset + index] != text[index] {
            throw JSONError("expected a value", at: offset)
        }
        offset += text.count
    }

    private mutating func skipNumber() throws(JSONError) {
        let startOffset = offset
        if bytes[offset] == Ascii.minus { offset += 1 }
        let isZeroFirst = offset < bytes.count && bytes[offset] == Ascii.zero
        let wholeDigits = skipDigits()
        var isSound = wholeDigits > 0 && (!isZeroFirst || wholeDigits == 1)
        if offset < bytes.count, bytes[offset] == 0x2E {
            offset += 1
            isSound = skipDigits() > 0 && isSound
        }
        if offset < bytes.count, bytes[offset] | 0x20 == 0x65 {
            offset += 1
            if offset < bytes.count, bytes[offset] == 0x2B || bytes[offset] == Ascii.minus {
                offset += 1
            }
            isSound = skipDigits() > 0 && isSound
        }
        guard isSound else { throw JSONError("a malformed number", at: startOffset) }
    }

    private mutating func skipDigits() -> Int {
        let startOffset = offset
        while offset < bytes.count, bytes[offset] >= Ascii.zero, bytes[offset] <= Ascii.nine {
            offset += 1
        }
        return offset - startOffset
    }
}
