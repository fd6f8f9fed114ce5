import LarderCache
import Testing

@Suite("Key hash")
struct KeyHashTests {
    @Test("it is SipHash-1-3")
    func referenceVectors() {
        // Key 00 01 .. 0f; messages of the bytes 00 01 .. n-1.
        let hash = KeyHash(HashSeed(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908, 0, 0))
        let expected: [Int: UInt64] = [
            0: 0xabac_0158_050f_c4dc,
            1: 0xc9f4_9bf3_7d57_ca93,
            7: 0xd392_7d98_9bb1_1140,
            8: 0x3690_9511_8d29_9a8e,
            15: 0xd320_d86d_2a51_9956,
            16: 0xcc4f_dd1a_7d90_8b66,
            33: 0x4d54_b9e5_7a8f_f9bf,
            64: 0xf179_97ec_4b4a_6065,
        ]
        for (count, value) in expected {
            let message = (0..<count).map { UInt8($0) }
            #expect(hash(message.span) == value)
        }
    }

    @Test("every byte and the length count")
    func everyByteCounts() {
        let hash = KeyHash(.fixed())
        var seen: Set<UInt64> = []
        for count in 0..<40 {
            let message = [UInt8](repeating: 0, count: count)
            seen.insert(hash(message.span))
            for index in 0..<count {
                var changed = message
                changed[index] = 1
                seen.insert(hash(changed.span))
            }
        }
        #expect(seen.count == 40 + 39 * 40 / 2)
    }

    @Test("another seed gives another hash")
    func seeded() {
        let key = keyBytes(1)
        #expect(KeyHash(.fixed(1))(key.span) != KeyHash(.fixed(2))(key.span))
    }
}
