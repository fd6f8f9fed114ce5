import LarderProtocol
import Testing

@Suite("WireTag")
struct WireTagTests {
    @Test("a tag is its number and its wire type")
    func parts() throws {
        let tag = try WireTag(rawValue: 0x7A)
        #expect(tag == .bytes(15))
        #expect(tag.number == 15)
        #expect(try WireTag(rawValue: .max - 2) == .fixed32(536_870_911))
    }

    @Test(
        "field 0 and the wire types 6 and 7 do not exist", arguments: 0...15 as ClosedRange<UInt32>)
    func malformed(raw: UInt32) {
        let wrong = raw < 8 || raw % 8 > 5
        #expect(((try? WireTag(rawValue: raw)) == nil) == wrong)
    }
}
