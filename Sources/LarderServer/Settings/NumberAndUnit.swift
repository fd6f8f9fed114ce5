/// A whole number with a unit behind it, taken apart; arithmetic that saturates.
enum NumberAndUnit {
    /// The decimal digits that `text` begins with, at least one, and what follows them.
    static func split(_ text: String) -> (number: UInt64, unit: Substring)? {
        let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard !digits.isEmpty else { return nil }
        var number: UInt64 = 0
        for digit in digits {
            number = saturatingSum(
                saturatingProduct(number, 10), UInt64(digit - UInt8(ascii: "0")))
        }
        return (number, text[digits.endIndex...])
    }

    static func saturatingProduct(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? .max : product
    }

    static func saturatingSum(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }
}
