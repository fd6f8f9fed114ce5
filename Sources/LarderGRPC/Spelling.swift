/// A word to look for, laid out so that bytes are compared eight at a time.
struct Spelling {
    private static let wordBytes = 8
    /// Three overlapping words cover no more.
    static let countMax = 24

    private let count: Int
    private let first: UInt64
    private let middle: UInt64
    private let last: UInt64

    init(_ text: String) {
        let bytes = Array(text.utf8)
        precondition((1...Self.countMax).contains(bytes.count), "three words cover the spelling")
        count = bytes.count
        (first, middle, last) = Self.words(bytes.span, count: bytes.count)
    }

    /// Whether the text begins with this word. The word's `count` is given as a literal: then the
    /// bounds are checked once and the loops unroll.
    @inline(__always)
    func begins(_ text: Span<UInt8>, count: Int) -> Bool {
        guard count == self.count, text.count >= count else { return false }
        let (first, middle, last) = Self.words(text, count: count)
        return (first ^ self.first) | (middle ^ self.middle) | (last ^ self.last) == 0
    }

    @inline(__always)
    private static func words(
        _ text: Span<UInt8>, count: Int
    ) -> (first: UInt64, middle: UInt64, last: UInt64) {
        if count < wordBytes { return (word(text, at: 0, count: count), 0, 0) }
        let first = word(text, at: 0, count: wordBytes)
        let last = word(text, at: count - wordBytes, count: wordBytes)
        if count <= 2 * wordBytes { return (first, 0, last) }
        return (first, word(text, at: (count - wordBytes) / 2, count: wordBytes), last)
    }

    @inline(__always)
    private static func word(_ text: Span<UInt8>, at offset: Int, count: Int) -> UInt64 {
        var word: UInt64 = 0
        for index in 0..<count { word |= UInt64(text[offset + index]) << UInt64(index * 8) }
        return word
    }
}
