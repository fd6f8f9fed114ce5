/// A count of bytes as people write it: `4096`, `64kB`, `512MiB`.
package struct ByteSize: Sendable, Equatable {
    package var bytes: UInt64

    package init(_ bytes: UInt64) {
        self.bytes = bytes
    }

    /// A whole number and, without a space, an optional unit: `B`, `kB` to `TB` by the thousand,
    /// `KiB` to `TiB` by 1,024.  What is too great for 64 bits becomes `UInt64.max`.
    package init?(parsing text: String) {
        guard let (number, unit) = NumberAndUnit.split(text) else { return nil }
        guard let factor = Self.factor(unit) else { return nil }
        self.init(NumberAndUnit.saturatingProduct(number, factor))
    }

    private static func factor(_ unit: Substring) -> UInt64? {
        switch unit {
        case "", "B": 1
        case "kB", "KB": 1_000
        case "MB": 1_000_000
        case "GB": 1_000_000_000
        case "TB": 1_000_000_000_000
        case "KiB": 1 << 10
        case "MiB": 1 << 20
        case "GiB": 1 << 30
        case "TiB": 1 << 40
        default: nil
        }
    }
}

extension ByteSize: CustomStringConvertible {
    /// Exact, in the largest binary unit that leaves a whole number; it parses back to itself.
    package var description: String {
        let units: [(name: String, shift: UInt64)] = [
            ("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10),
        ]
        for unit in units where bytes != 0 && bytes & ((1 << unit.shift) - 1) == 0 {
            return "\(bytes >> unit.shift)\(unit.name)"
        }
        return "\(bytes)"
    }
}
