import ArgumentParser
import LarderServer

/// What the text after an option says; what it may say is told when it does not.
///
/// The options that use it take the next argument whatever it looks like: a negative number is out
/// of range, not an option.
enum OptionValue {
    /// A whole number of `range`.
    static func number<Number: FixedWidthInteger & Sendable>(
        _ range: ClosedRange<Number> = 0...(.max)
    ) -> @Sendable (String) throws -> Number {
        { text in
            guard let number = Number(text), range.contains(number) else {
                throw ValidationError(
                    "it is not a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    /// The version that an item has: not 0.
    static let version: @Sendable (String) throws -> UInt64 = number(1...(.max))

    /// A length of time.
    static func time(_ text: String) throws -> TimeAmount {
        guard let time = TimeAmount(parsing: text) else {
            throw ValidationError("it is not a time such as 500ms, 10s, 2m or 1h")
        }
        return time
    }
}
