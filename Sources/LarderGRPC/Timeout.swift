/// The text of `grpc-timeout`: one to eight digits, then H, M, S, m, u or n.
package enum Timeout {
    package static let digitsMax = 8
    /// The longest timeout, 292 years: a clock in nanoseconds plus this never overflows.
    package static let nanosMax = UInt64(Int64.max)
    private static let numberMax: UInt64 = 99_999_999

    /// The nanoseconds meant, clamped to `nanosMax`; nil if the text is no timeout.
    package static func parse(_ text: Span<UInt8>) -> UInt64? {
        let digits = text.count - 1
        guard digits >= 1, digits <= digitsMax else { return nil }
        var number: UInt64 = 0
        for index in 0..<digits {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            number = number &* 10 &+ UInt64(digit)  // eight digits fit
        }
        guard let unitNanos = nanos(ofUnit: text[digits]) else { return nil }
        let (nanos, overflow) = number.multipliedReportingOverflow(by: unitNanos)
        return overflow ? nanosMax : min(nanos, nanosMax)
    }

    /// The shortest unit that can hold the time in eight digits, rounded up: a deadline may
    /// travel a little late, never early.
    package static func format(_ nanos: UInt64) -> String {
        var unit = UInt8(ascii: "H")
        for finer in "numSM".utf8 {
            guard let unitNanos = Self.nanos(ofUnit: finer) else { continue }
            if nanos <= numberMax &* unitNanos {
                unit = finer
                break
            }
        }
        let unitNanos = Self.nanos(ofUnit: unit) ?? 1
        let (whole, rest) = nanos.quotientAndRemainder(dividingBy: unitNanos)
        return String(rest == 0 ? whole : whole + 1) + String(Unicode.Scalar(unit))
    }

    private static func nanos(ofUnit unit: UInt8) -> UInt64? {
        switch unit {
        case UInt8(ascii: "n"): 1
        case UInt8(ascii: "u"): 1_000
        case UInt8(ascii: "m"): 1_000_000
        case UInt8(ascii: "S"): 1_000_000_000
        case UInt8(ascii: "M"): 60_000_000_000
        case UInt8(ascii: "H"): 3_600_000_000_000
        default: nil
        }
    }
}
