/// A whole number with a unit behind it, taken apart.
enum NumberAndUnit {
    /// The decimal digits that `text` begins with, at least one, and what follows them.  A number
    /// too great for 64 bits becomes `UInt64.max`.
    static func split(_ text: String) -> (number: UInt64, unit: Substring)? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty else { return nil }
        return (UInt64(digits) ?? .max, text[digits.endIndex...])
    }

    static func saturatingProduct(_ a: UInt64, _ b: UInt64) -> UInt64 {
        UInt64(clamping: UInt128(a) * UInt128(b))
    }
}
