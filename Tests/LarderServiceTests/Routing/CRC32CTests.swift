import LarderService
import Testing

@Suite("CRC32C")
struct CRC32CTests {
    @Test(
        "the published vectors come out",
        arguments: [
            (Array("123456789".utf8), 0xE306_9283),
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
            ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            ([UInt8](0..<32), 0x46DD_794E),
            ([UInt8]((0..<32).reversed()), 0x113F_DB5C),
            ([], 0),
        ] as [([UInt8], UInt32)])
    func vectors(bytes: [UInt8], expected: UInt32) {
        var crc = CRC32C()
        crc.update(bytes.span)
        #expect(crc.value == expected)
    }

    @Test("bytes in parts give what the whole gives, wherever they are cut")
    func parts() {
        let bytes = [UInt8](0..<61)
        let none: [UInt8] = []
        let whole = CRC32C.of(key: none.span, value: bytes.span)
        for cut in 0...bytes.count {
            let head = Array(bytes[..<cut])
            let tail = Array(bytes[cut...])
            #expect(CRC32C.of(key: head.span, value: tail.span) == whole)
        }
    }
}
