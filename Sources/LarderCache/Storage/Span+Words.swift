// The reads and copies of whole words that hashing, comparing and filling need.
extension Span<UInt8> {
    /// The eight bytes at `offset` as a little-endian word. Traps unless they lie in the span.
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= count - 8, "a word lies within the span")
        return unsafe UInt64(
            littleEndian: withUnsafeBytes {
                unsafe $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            })
    }

    /// The last `length` bytes (fewer than eight) from `offset` on as a little-endian word.
    @inline(__always)
    func partialWord(at offset: Int, length: Int) -> UInt64 {
        precondition(length >= 0 && length < 8 && offset >= 0 && offset <= count - length)
        var word: UInt64 = 0
        var index = 0
        while index < length {
            word |= UInt64(self[offset + index]) &<< UInt64(8 &* index)
            index += 1
        }
        return word
    }

    /// Whether both spans hold the same bytes.
    @inline(__always)
    func hasSameBytes(as other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        var offset = 0
        while offset <= count - 8 {
            if word(at: offset) != other.word(at: offset) { return false }
            offset += 8
        }
        let rest = count - offset
        return partialWord(at: offset, length: rest)
            == other.partialWord(at: offset, length: rest)
    }

    /// Copies all bytes to raw memory that has room for them.
    @unsafe
    @inline(__always)
    func copy(to target: UnsafeMutableRawPointer) {
        unsafe withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            unsafe target.copyMemory(from: base, byteCount: source.count)
        }
    }
}
