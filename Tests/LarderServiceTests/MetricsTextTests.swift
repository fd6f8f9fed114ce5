import LarderService
import Testing

@Suite("Metrics as text")
struct MetricsTextTests {
    @Test("a family is its help, its type and its samples")
    func family() {
        var text = MetricsText()
        text.begin("a_total", .counter, "Counts a.")
        text.sample(1, labels: [("kind", "x"), ("code", "OK")])
        text.sample(UInt64.max)
        text.add("b", .gauge, "Is b.", 0)
        #expect(
            text.text == """
                # HELP a_total Counts a.
                # TYPE a_total counter
                a_total{kind="x",code="OK"} 1
                a_total 18446744073709551615
                # HELP b Is b.
                # TYPE b gauge
                b 0

                """)
    }

    @Test("what would end a line or a label is escaped")
    func escapes() {
        var text = MetricsText()
        text.begin("a", .gauge, "A \"back\\slash\"\nand a line.")
        text.sample(1, labels: [("label", "\"q\" \\ \n é")])
        #expect(
            text.text == """
                # HELP a A "back\\\\slash"\\nand a line.
                # TYPE a gauge
                a{label="\\"q\\" \\\\ \\n é"} 1

                """)
    }

    @Test(
        "seconds have three decimals",
        arguments: [
            (0, "0.000"), (7, "0.007"), (1_050, "1.050"), (1_795_414_451_696, "1795414451.696"),
        ] as [(UInt64, String)])
    func seconds(millis: UInt64, words: String) {
        var text = MetricsText()
        text.begin("a_seconds", .gauge, "A.")
        text.sample(millis: millis)
        #expect(text.text.hasSuffix("\na_seconds \(words)\n"))
    }
}
