import LarderCache
import Testing

@Suite("Keys that were chosen to collide")
struct HashFloodTests {
    private static let keyCount = 2000
    /// Top bits, where a table begins its search, that all chosen keys have in common.
    private static let commonBits: UInt64 = 6

    /// Slots looked at while all of these keys are put into a table and looked up.
    private static func probes(_ keys: [[UInt8]], seed: UInt64) -> Int {
        let arena = EntryArena()
        var table = EntryTable(arena)
        let hasher = KeyHash(.fixed(seed))
        var probes = 0
        var blocks: [(EntryBlock, UInt64)] = []
        for key in keys {
            let hash = hasher(key.span) & ~0 << 32
            probes += table.probeCount(hash)
            let block = EntryBlock.make(in: arena, key: key.span, value: Span(), flags: 0)
            table.insert(block, hash: hash)
            blocks.append((block, hash))
        }
        for (_, hash) in blocks { probes += table.probeCount(hash) }
        for (block, hash) in blocks {
            table.remove(block, hash: hash)
            block.release()
        }
        return probes
    }

    /// Keys for which a hash has the same top bits.
    private static func keys(colliding hash: ([UInt8]) -> UInt64) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        var number = 0
        while keys.count < keyCount {
            let key = keyBytes(number)
            if hash(key) >> (64 - commonBits) == 1 { keys.append(key) }
            number += 1
        }
        return keys
    }

    private static func fnv(_ key: [UInt8]) -> UInt64 {
        key.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    @Test(
        "under a hash or a seed that is not the cache's they cost what other keys cost",
        arguments: [1, 2, 3] as [UInt64])
    func otherHash(seed: UInt64) {
        let plain = Self.probes((0..<Self.keyCount).map { keyBytes($0) }, seed: seed)
        let guessed = KeyHash(.fixed(99))
        for keys in [
            Self.keys(colliding: Self.fnv), Self.keys(colliding: { guessed($0.span) }),
        ] {
            let cost = Self.probes(keys, seed: seed)
            #expect(Double(cost) <= 1.6 * Double(plain))
        }
    }

    @Test("under the cache's own seed they would cost far more")
    func ownSeed() {
        let plain = Self.probes((0..<Self.keyCount).map { keyBytes($0) }, seed: 1)
        let known = KeyHash(.fixed(1))
        let cost = Self.probes(Self.keys(colliding: { known($0.span) }), seed: 1)
        #expect(Double(cost) > 1.6 * Double(plain))
    }
}
