/// A word of up to 15 letters, digits and hyphens, as names and values of short fields are.
struct ShortText: Equatable {
    static let countMax = 15
    private static let wordBytes = 8

    // The characters from the lowest byte on; the last byte of `high` is the count.
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    var count: Int { Int(high >> 56) }

    /// Nil: it is no such word.
    init?(_ text: Span<UInt8>) {
        guard text.count <= Self.countMax else { return nil }
        for index in text.indices {
            guard Self.isOne(text[index]) else { return nil }
            put(text[index], at: index)
        }
        end(text.count)
    }

    /// What is spelt in a block; nil: no such word, or one that takes more than eight bytes there, or
    /// the library may see a fault in it.
    init?(_ block: UnsafeBufferPointer<UInt8>, _ text: HeaderText) {
        guard text.isHuffman else {
            guard text.count <= Self.countMax else { return nil }
            for index in 0..<text.count {
                let byte = unsafe block[text.at + index]
                guard Self.isOne(byte) else { return nil }
                put(byte, at: index)
            }
            end(text.count)
            return
        }
        guard unsafe decode(block, text) else { return nil }
    }

    private mutating func decode(
        _ block: UnsafeBufferPointer<UInt8>, _ text: HeaderText
    ) -> Bool {
        guard text.count <= Self.wordBytes, text.count > 0 else { return false }
        var bits: UInt64 = 0
        for index in 0..<text.count { unsafe bits = bits << 8 | UInt64(block[text.at + index]) }
        var bitCount = 8 * text.count
        // The next bit is always the highest, and behind the last are ones, as the end has them.
        bits = bits << UInt64(64 - bitCount) | ShortCode.ones(64 - bitCount)
        var count = 0
        while let code = ShortCode(prefix: bits >> UInt64(64 - ShortCode.bitsMax)),
            code.bits <= bitCount
        {
            guard Self.isOne(code.symbol) else { return false }
            put(code.symbol, at: count)
            count += 1
            bitCount -= code.bits
            bits = bits &<< UInt64(code.bits) | ShortCode.ones(code.bits)
        }
        end(count)
        return bitCount < 8 && bits == .max
    }

    @inline(__always)
    private mutating func put(_ byte: UInt8, at index: Int) {
        if index < Self.wordBytes {
            low |= UInt64(byte) &<< UInt64(8 &* index)
        } else {
            high |= UInt64(byte) &<< UInt64(8 &* (index &- Self.wordBytes))
        }
    }

    private mutating func end(_ count: Int) { high |= UInt64(count) << 56 }

    @inline(__always)
    private static func isOne(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26
            || byte == UInt8(ascii: "-")
    }

    /// Puts the characters where there is room for `countMax` of them and their count.
    func write(to target: UnsafeMutablePointer<UInt8>) {
        let raw = UnsafeMutableRawPointer(target)
        unsafe raw.storeBytes(of: low.littleEndian, as: UInt64.self)
        unsafe (raw + Self.wordBytes).storeBytes(of: high.littleEndian, as: UInt64.self)
    }
}

/// A code of HPACK's alphabet of up to 7 bits (RFC 7541, appendix B). Codes of one length are given
/// out in the order of the characters, so that three lists tell them.
struct ShortCode {
    static let bitsMax = 7
    private static let five: StaticString = "012aceiost"
    private static let six: StaticString = " %-./3456789=A_bdfghlmnpru"
    private static let seven: StaticString = ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"
    private static let firstOfSix: UInt64 = 0x14
    private static let firstOfSeven: UInt64 = 0x5C
    private static let endOfSeven: UInt64 = 0x7C

    let symbol: UInt8
    let bits: Int

    /// The code with which seven bits begin; nil: a longer one.
    @inline(__always)
    init?(prefix: UInt64) {
        if prefix < Self.firstOfSix << 1 {
            unsafe symbol = Self.five.utf8Start[Int(truncatingIfNeeded: prefix >> 2)]
            bits = 5
        } else if prefix < Self.firstOfSeven {
            unsafe symbol =
                Self.six.utf8Start[Int(truncatingIfNeeded: prefix >> 1 &- Self.firstOfSix)]
            bits = 6
        } else if prefix < Self.endOfSeven {
            unsafe symbol =
                Self.seven.utf8Start[Int(truncatingIfNeeded: prefix &- Self.firstOfSeven)]
            bits = 7
        } else {
            return nil
        }
    }

    static func ones(_ count: Int) -> UInt64 { 1 &<< UInt64(count) &- 1 }

    /// A text of such characters as HPACK spells it; nil: it has others.
    static func spell(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var spelt: [UInt8] = []
        var bits: UInt64 = 0
        var bitCount = 0
        for byte in text {
            let found = (UInt64(0)..<(1 << UInt64(bitsMax))).first {
                ShortCode(prefix: $0)?.symbol == byte
            }
            guard let found, let code = ShortCode(prefix: found) else { return nil }
            bits = bits << UInt64(code.bits) | found >> UInt64(bitsMax - code.bits)
            bitCount += code.bits
            while bitCount >= 8 {
                bitCount -= 8
                spelt.append(UInt8(truncatingIfNeeded: bits >> UInt64(bitCount)))
                bits &= ones(bitCount)
            }
        }
        if bitCount > 0 {
            spelt.append(
                UInt8(truncatingIfNeeded: bits << UInt64(8 - bitCount) | ones(8 - bitCount)))
        }
        return spelt
    }
}
