/// A moment in UTC to the millisecond, as log lines carry it.
package struct Timestamp: Sendable, Equatable {
    /// Since 1970-01-01T00:00:00Z.
    package var unixMillis: UInt64

    package init(unixMillis: UInt64) {
        self.unixMillis = unixMillis
    }

    /// Appends `2026-11-22T10:00:00.123Z`.
    package func append(to line: inout [UInt8]) {
        let seconds = unixMillis / 1_000
        let (year, month, day) = Self.date(daysSince1970: seconds / 86_400)
        Self.append(year, digits: 4, to: &line)
        line.append(UInt8(ascii: "-"))
        Self.append(month, digits: 2, to: &line)
        line.append(UInt8(ascii: "-"))
        Self.append(day, digits: 2, to: &line)
        line.append(UInt8(ascii: "T"))
        Self.append(seconds / 3_600 % 24, digits: 2, to: &line)
        line.append(UInt8(ascii: ":"))
        Self.append(seconds / 60 % 60, digits: 2, to: &line)
        line.append(UInt8(ascii: ":"))
        Self.append(seconds % 60, digits: 2, to: &line)
        line.append(UInt8(ascii: "."))
        Self.append(unixMillis % 1_000, digits: 3, to: &line)
        line.append(UInt8(ascii: "Z"))
    }

    // Years are counted from March, so that the leap day comes last; 400 of them are 146,097 days.
    // Source: Howard Hinnant: chrono-compatible low-level date algorithms, civil_from_days.
    private static func date(
        daysSince1970 days: UInt64
    ) -> (year: UInt64, month: UInt64, day: UInt64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
    }

    private static func append(_ number: UInt64, digits: Int, to line: inout [UInt8]) {
        var divisor: UInt64 = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            line.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}
