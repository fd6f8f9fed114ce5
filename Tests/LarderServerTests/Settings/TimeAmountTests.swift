import LarderServer
import Testing

@Suite struct TimeAmountTests {
    @Test(
        "a time is a whole number with its unit",
        arguments: [
            ("0", 0), ("0s", 0), ("500ms", 500), ("10s", 10_000), ("2m", 120_000),
            ("1h", 3_600_000), ("18446744073709551615h", .max), ("99999999999999999999s", .max),
        ] as [(String, UInt64)])
    func parses(text: String, millis: UInt64) {
        #expect(TimeAmount(parsing: text)?.millis == millis)
    }

    @Test(
        "a number without a unit could mean anything, so it is refused",
        arguments: ["", "10", "s", "-1s", "1.5s", "10 s", "10S", "10sec", "1d", "1us", "1m30s"])
    func refuses(text: String) {
        #expect(TimeAmount(parsing: text) == nil)
    }

    @Test(
        "a time is shown exactly, in the largest unit",
        arguments: [
            (0, "0s"), (1, "1ms"), (999, "999ms"), (1_000, "1s"), (1_500, "1500ms"),
            (90_000, "90s"), (120_000, "2m"), (3_600_000, "1h"), (3_601_000, "3601s"),
        ] as [(UInt64, String)])
    func shows(millis: UInt64, text: String) {
        #expect(TimeAmount(millis: millis).description == text)
        #expect(TimeAmount(parsing: text)?.millis == millis)
    }
}
