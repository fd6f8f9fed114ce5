import LarderCache
import Testing

@Suite("Entry charge")
struct EntryChargeTests {
    @Test("the largest value for a charge is exactly that")
    func largestValue() throws {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<5000 {
            let chargeMax = 256 + generator.next() >> UInt64(40 + generator.below(20))
            let keyBytes = 1 + generator.below(64)
            let largest = EntryCharge.valueBytesMax(keyBytes: keyBytes, chargeMax: chargeMax)
            let valueBytes = Int(try #require(largest))
            #expect(EntryCharge.bytes(keyBytes: keyBytes, valueBytes: valueBytes) <= chargeMax)
            #expect(EntryCharge.bytes(keyBytes: keyBytes, valueBytes: valueBytes + 1) > chargeMax)
        }
    }

    @Test("where nothing fits there is no largest value")
    func nothingFits() {
        #expect(EntryCharge.valueBytesMax(keyBytes: 1, chargeMax: 0) == nil)
        #expect(EntryCharge.valueBytesMax(keyBytes: 1, chargeMax: 50) == nil)
    }
}
