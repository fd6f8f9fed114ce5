/// The XXH64 of bytes that may come in parts, as ring_hash and RING_HASH compute it.
///
/// Source: Yann Collet, xxHash fast digest algorithm.
package struct XXH64: Sendable {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5
    private static let stripeBytes = 32

    private let seed: UInt64
    private var lanes: (UInt64, UInt64, UInt64, UInt64)
    private var totalBytes: UInt64 = 0
    // What does not fill a stripe yet.
    private var rest = InlineArray<32, UInt8>(repeating: 0)
    private var restBytes = 0

    package init(seed: UInt64 = 0) {
        self.seed = seed
        lanes = (seed &+ Self.prime1 &+ Self.prime2, seed &+ Self.prime2, seed, seed &- Self.prime1)
    }

    package mutating func update(_ bytes: Span<UInt8>) {
        totalBytes &+= UInt64(bytes.count)
        var offset = 0
        if restBytes > 0 {
            while restBytes < Self.stripeBytes, offset < bytes.count {
                rest[restBytes] = bytes[offset]
                restBytes += 1
                offset += 1
            }
            guard restBytes == Self.stripeBytes else { return }
            let filled = rest
            takeStripe(filled.span, at: 0)
            restBytes = 0
        }
        while bytes.count - offset >= Self.stripeBytes {
            takeStripe(bytes, at: offset)
            offset += Self.stripeBytes
        }
        while offset < bytes.count {
            rest[restBytes] = bytes[offset]
            restBytes += 1
            offset += 1
        }
    }

    private mutating func takeStripe(_ bytes: Span<UInt8>, at offset: Int) {
        lanes.0 = Self.round(lanes.0, littleEndian64(bytes, at: offset))
        lanes.1 = Self.round(lanes.1, littleEndian64(bytes, at: offset + 8))
        lanes.2 = Self.round(lanes.2, littleEndian64(bytes, at: offset + 16))
        lanes.3 = Self.round(lanes.3, littleEndian64(bytes, at: offset + 24))
    }

    /// The hash of what came so far.
    package var value: UInt64 {
        var hash: UInt64
        if totalBytes >= UInt64(Self.stripeBytes) {
            hash = Self.rotate(lanes.0, 1) &+ Self.rotate(lanes.1, 7)
            hash = hash &+ Self.rotate(lanes.2, 12) &+ Self.rotate(lanes.3, 18)
            hash = Self.merge(hash, lanes.0)
            hash = Self.merge(hash, lanes.1)
            hash = Self.merge(hash, lanes.2)
            hash = Self.merge(hash, lanes.3)
        } else {
            hash = seed &+ Self.prime5
        }
        hash = hash &+ totalBytes
        return Self.avalanche(takeRest(into: hash))
    }

    private func takeRest(into start: UInt64) -> UInt64 {
        var hash = start
        var offset = 0
        let filled = rest
        let bytes = filled.span
        while restBytes - offset >= 8 {
            hash ^= Self.round(0, littleEndian64(bytes, at: offset))
            hash = Self.rotate(hash, 27) &* Self.prime1 &+ Self.prime4
            offset += 8
        }
        if restBytes - offset >= 4 {
            hash ^= UInt64(littleEndian32(bytes, at: offset)) &* Self.prime1
            hash = Self.rotate(hash, 23) &* Self.prime2 &+ Self.prime3
            offset += 4
        }
        while offset < restBytes {
            hash ^= UInt64(bytes[offset]) &* Self.prime5
            hash = Self.rotate(hash, 11) &* Self.prime1
            offset += 1
        }
        return hash
    }

    private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 {
        (value &<< bits) | (value &>> (64 - bits))
    }

    private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
        rotate(lane &+ input &* prime2, 31) &* prime1
    }

    private static func merge(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
        (hash ^ round(0, lane)) &* prime1 &+ prime4
    }

    private static func avalanche(_ start: UInt64) -> UInt64 {
        var hash = start
        hash = (hash ^ (hash &>> 33)) &* prime2
        hash = (hash ^ (hash &>> 29)) &* prime3
        return hash ^ (hash &>> 32)
    }

    /// The hash of `bytes` alone.
    package static func hash(_ bytes: Span<UInt8>, seed: UInt64 = 0) -> UInt64 {
        var state = XXH64(seed: seed)
        state.update(bytes)
        return state.value
    }
}
