/// A length of time as people write it: `500ms`, `10s`, `2m`, `1h`.
package struct TimeAmount: Sendable, Equatable {
    package var millis: UInt64

    package init(millis: UInt64) {
        self.millis = millis
    }

    /// A whole number and, without a space, its unit; only `0` needs none.  What is too great for
    /// 64 bits becomes `UInt64.max`.
    package init?(parsing text: String) {
        guard let (number, unit) = NumberAndUnit.split(text) else { return nil }
        guard let factor = Self.factor(unit, of: number) else { return nil }
        self.init(millis: NumberAndUnit.saturatingProduct(number, factor))
    }

    private static func factor(_ unit: Substring, of number: UInt64) -> UInt64? {
        switch unit {
        case "": number == 0 ? 1 : nil
        case "ms": 1
        case "s": 1_000
        case "m": 60_000
        case "h": 3_600_000
        default: nil
        }
    }
}

extension TimeAmount: CustomStringConvertible {
    /// Exact, in the largest unit that leaves a whole number; it parses back to itself.
    package var description: String {
        let units: [(name: String, millis: UInt64)] = [
            ("h", 3_600_000), ("m", 60_000), ("s", 1_000),
        ]
        for unit in units where millis >= unit.millis && millis % unit.millis == 0 {
            return "\(millis / unit.millis)\(unit.name)"
        }
        return millis == 0 ? "0s" : "\(millis)ms"
    }
}
