/// An amount of memory: a size, or a share of what the machine has.
package enum MemoryAmount: Sendable, Equatable {
    case bytes(UInt64)
    case percent(UInt64)

    /// A `ByteSize`, or a whole number followed by `%`.
    package init?(parsing text: String) {
        if text.utf8.last == UInt8(ascii: "%") {
            guard let (number, unit) = NumberAndUnit.split(text), unit == "%" else { return nil }
            self = .percent(number)
        } else {
            guard let size = ByteSize(parsing: text) else { return nil }
            self = .bytes(size.bytes)
        }
    }

    /// The amount in bytes, a share being taken of `wholeBytes` and rounded down.
    package func bytes(of wholeBytes: UInt64) -> UInt64 {
        switch self {
        case .bytes(let bytes): bytes
        case .percent(let percent):
            UInt64(clamping: UInt128(wholeBytes) * UInt128(percent) / 100)
        }
    }
}
