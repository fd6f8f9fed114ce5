/// The seeded hash of a key: SipHash-1-3 under a 128-bit secret.
///
/// A scan gives keys out in the order of their hashes, so hashes are no secret here; that is why
/// the hash must stay unpredictable to someone who has seen many of them.
/// Source: Aumasson, Bernstein: SipHash, a fast short-input PRF.
package struct KeyHash: Sendable {
    private let key: (UInt64, UInt64)

    package init(_ seed: HashSeed) {
        key = seed.tableKey
    }

    /// The part of the hash that the cache works with: the upper half, before zeros.
    @inline(__always)
    func upper(_ bytes: Span<UInt8>) -> UInt64 { self(bytes) & ~0 &<< 32 }

    /// The hash of the key's bytes.
    @inline(__always)
    package func callAsFunction(_ bytes: Span<UInt8>) -> UInt64 {
        var state = SipState(key.0, key.1)
        let wholeBytes = bytes.count & ~7
        var offset = 0
        while offset < wholeBytes {
            state.absorb(bytes.word(at: offset))
            offset += 8
        }
        let last = bytes.partialWord(at: offset, length: bytes.count - offset)
        state.absorb(last | UInt64(truncatingIfNeeded: bytes.count) &<< 56)
        return state.finish()
    }
}

/// The four words that SipHash stirs.
private struct SipState {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64

    @inline(__always)
    init(_ k0: UInt64, _ k1: UInt64) {
        v0 = k0 ^ 0x736f_6d65_7073_6575
        v1 = k1 ^ 0x646f_7261_6e64_6f6d
        v2 = k0 ^ 0x6c79_6765_6e65_7261
        v3 = k1 ^ 0x7465_6462_7974_6573
    }

    @inline(__always)
    mutating func absorb(_ word: UInt64) {
        v3 ^= word
        round()
        v0 ^= word
    }

    @inline(__always)
    mutating func finish() -> UInt64 {
        v2 ^= 0xff
        round()
        round()
        round()
        return v0 ^ v1 ^ v2 ^ v3
    }

    @inline(__always)
    private mutating func round() {
        v0 &+= v1
        v1 = Self.rotate(v1, 13) ^ v0
        v0 = Self.rotate(v0, 32)
        v2 &+= v3
        v3 = Self.rotate(v3, 16) ^ v2
        v0 &+= v3
        v3 = Self.rotate(v3, 21) ^ v0
        v2 &+= v1
        v1 = Self.rotate(v1, 17) ^ v2
        v2 = Self.rotate(v2, 32)
    }

    @inline(__always)
    private static func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 {
        word &<< count | word &>> (64 &- count)
    }
}
