import LarderGRPC
import Testing

@Suite("Timeout")
struct TimeoutTests {
    @Test(
        "one to eight digits and a unit are nanoseconds",
        arguments: [
            ("1n", 1), ("1u", 1_000), ("1m", 1_000_000), ("1S", 1_000_000_000),
            ("1M", 60_000_000_000), ("1H", 3_600_000_000_000), ("0S", 0),
            ("00000001S", 1_000_000_000),
            ("99999999n", 99_999_999), ("12345678m", 12_345_678_000_000),
            ("99999999M", 5_999_999_940_000_000_000),
        ] as [(String, UInt64)])
    func accepted(_ text: String, _ nanos: UInt64) throws {
        let parsed = try #require(parse(text))
        #expect(parsed == nanos)
    }

    @Test("a timeout past any clock is clamped, not overflown")
    func clamped() throws {
        try accepted("99999999H", Timeout.nanosMax)
        try accepted("5124096H", Timeout.nanosMax)
        try accepted("2562047H", 2_562_047 * 3_600_000_000_000)
        try accepted("2562048H", Timeout.nanosMax)
    }

    @Test(
        "all else is refused",
        arguments: [
            "", "S", "10", "abc", "-1S", "+1S", "1s", "1.5S", "1SS", " 1S", "1 S", "1S ",
            "123456789S", "000000001S", "1h", "0x1S", "1\u{B5}", "\u{0661}S", "1", "n",
        ])
    func refused(_ text: String) {
        #expect(parse(text) == nil)
    }

    @Test(
        "a timeout is written in the finest unit that holds it",
        arguments: [
            (0, "0n"), (1, "1n"), (99_999_999, "99999999n"), (100_000_000, "100000u"),
            (100_000_001, "100001u"), (1_500_000_000, "1500000u"),
            (100_000_000_000, "100000m"), (3_600_000_000_000, "3600000m"),
            (100_000_000_000_000, "100000S"), (100_000_000_000_000_000, "1666667M"),
            (UInt64.max, "5124096H"),
        ] as [(UInt64, String)])
    func formatted(_ nanos: UInt64, _ text: String) {
        #expect(Timeout.format(nanos) == text)
    }

    @Test("what is written is read back no shorter, and at most one unit longer")
    func roundTrip() throws {
        var generator = SplitMix(seed: 3)
        for _ in 0..<5_000 {
            let nanos =
                UInt64.random(in: 0...Timeout.nanosMax, using: &generator)
                >> UInt64.random(in: 0..<63, using: &generator)
            let back = try #require(parse(Timeout.format(nanos)))
            #expect(back >= nanos)
            #expect(back - nanos <= nanos / 1_000)
        }
    }

    private func parse(_ text: String) -> UInt64? { Timeout.parse(Array(text.utf8).span) }
}
