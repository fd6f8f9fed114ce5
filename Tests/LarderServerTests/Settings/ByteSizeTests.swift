import LarderServer
import Testing

@Suite struct ByteSizeTests {
    @Test(
        "a size is a whole number with an optional unit",
        arguments: [
            ("0", 0), ("1", 1), ("4096", 4_096), ("7B", 7), ("1kB", 1_000), ("1KB", 1_000),
            ("2MB", 2_000_000), ("3GB", 3_000_000_000), ("1TB", 1_000_000_000_000),
            ("1KiB", 1 << 10), ("512MiB", 512 << 20), ("12GiB", 12 << 30), ("1TiB", 1 << 40),
            ("007", 7),
        ] as [(String, UInt64)])
    func parses(text: String, bytes: UInt64) {
        #expect(ByteSize(parsing: text)?.bytes == bytes)
    }

    @Test(
        "anything else is not a size",
        arguments: [
            "", " ", "MiB", "-1", "+1", "1.5GiB", "1 MiB", " 1", "1 ", "1mib", "1M", "1Mi", "80%",
            "0x10", "1_000", "1,000", "١", "1KiBB", "1\n",
        ])
    func refuses(text: String) {
        #expect(ByteSize(parsing: text) == nil)
    }

    @Test(
        "what doesn't fit into 64 bits becomes the greatest size",
        arguments: [
            "18446744073709551616", "99999999999999999999999999", "18446744073709551615TiB",
            "16777216TiB",
        ])
    func saturates(text: String) {
        #expect(ByteSize(parsing: text)?.bytes == .max)
    }

    @Test(
        "a size is shown exactly, in the largest binary unit",
        arguments: [
            (0, "0"), (1, "1"), (1_023, "1023"), (1_024, "1KiB"), (1_025, "1025"),
            (1_536 << 10, "1536KiB"), (512 << 20, "512MiB"), (3 << 30, "3GiB"), (1 << 40, "1TiB"),
            (.max, "18446744073709551615"),
        ] as [(UInt64, String)])
    func shows(bytes: UInt64, text: String) {
        #expect(ByteSize(bytes).description == text)
        #expect(ByteSize(parsing: text)?.bytes == bytes)
    }

    @Test("a share is taken of the whole without overflow")
    func share() {
        #expect(MemoryAmount(parsing: "80%") == .percent(80))
        #expect(MemoryAmount(parsing: "1KiB") == .bytes(1_024))
        #expect(MemoryAmount(parsing: "80")?.bytes(of: 7) == 80)
        #expect(MemoryAmount.percent(80).bytes(of: 1_000) == 800)
        #expect(MemoryAmount.percent(33).bytes(of: 10) == 3)
        #expect(MemoryAmount.percent(100).bytes(of: .max) == .max)
        #expect(MemoryAmount.percent(.max).bytes(of: .max) == .max)
        #expect(MemoryAmount.percent(0).bytes(of: .max) == 0)
        for text in ["%", "-1%", "80 %", "8.5%", "80%%", "%80", ""] {
            #expect(MemoryAmount(parsing: text) == nil)
        }
    }
}
