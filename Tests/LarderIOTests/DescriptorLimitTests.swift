import LarderIO
import Testing

@Suite("The limit of descriptors")
struct DescriptorLimitTests {
    @Test("raised once, it is as high as it gets")
    func raise() throws {
        let first = try #require(DescriptorLimit.raise())
        #expect(first > 0)
        #expect(DescriptorLimit.raise() == first)
    }
}
