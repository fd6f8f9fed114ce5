internal import LarderPages

/// What an entry costs: its cell, the pages of a large value, and its share of table and sketch.
package enum EntryCharge {
    /// A table slot (8 bytes, three of four used at least) and sketch counters (8 bytes).
    static let indexShareBytes: UInt64 = 19
    static let pageBytes = UInt64(SystemPages.pageBytes)
    /// The largest cell; a value that needs more has pages of its own.
    static let cellBytesMax: UInt64 = 256 * 1024
    /// What stands in the cell for a value that has its own pages: their address.
    static let addressBytes: UInt64 = 8

    /// Bytes of the cell of an entry, unrounded, and whether its value lies in it.
    static func cell(
        keyBytes: Int, valueBytes: Int, headBytes: Int
    ) -> (bytes: UInt64, holdsValue: Bool) {
        let fixed = UInt64(headBytes) + UInt64(keyBytes)
        let whole = fixed + UInt64(valueBytes)
        return whole <= cellBytesMax ? (whole, true) : (fixed + addressBytes, false)
    }

    /// What an entry costs in an arena of units of `unitBytes`, a power of two.
    package static func bytes(
        keyBytes: Int, valueBytes: Int, shape: EntryShape = EntryShape(),
        unitBytes: Int = EntryArena.unitBytesMin
    ) -> UInt64 {
        let shape = shape.holding(keyBytes: keyBytes, valueBytes: UInt64(valueBytes))
        return bytes(
            keyBytes: keyBytes, valueBytes: valueBytes, headBytes: shape.headBytes,
            unitBytes: unitBytes)
    }

    /// `valueOffset`: how far into its first page a value begins that has pages.
    @inline(__always)
    static func bytes(
        keyBytes: Int, valueBytes: Int, headBytes: Int, valueOffset: Int = 0, unitBytes: Int
    ) -> UInt64 {
        let step = UInt64(unitBytes)
        let cell = cell(keyBytes: keyBytes, valueBytes: valueBytes, headBytes: headBytes)
        let pages =
            cell.holdsValue
            ? 0 : (UInt64(valueOffset) + UInt64(valueBytes) + pageBytes - 1) & ~(pageBytes - 1)
        return (cell.bytes + step - 1) & ~(step - 1) + pages + indexShareBytes
    }

    /// The largest value that costs at most `chargeMax` under a key of this size; `nil` if not
    /// even an empty one does.
    package static func valueBytesMax(
        keyBytes: Int, chargeMax: UInt64, shape: EntryShape = EntryShape(),
        unitBytes: Int = EntryArena.unitBytesMin
    ) -> UInt64? {
        let narrow = shape.holding(keyBytes: keyBytes, valueBytes: 0)
        let narrowMax = valueBytesMax(
            keyBytes: keyBytes, chargeMax: chargeMax, headBytes: narrow.headBytes,
            unitBytes: unitBytes)
        let limit = UInt64(EntryHeader.narrowValueBytesMax)
        guard let narrowMax, narrowMax > limit, !narrow.isWide else { return narrowMax }
        // So long a value needs another head, for which there may be no room.
        let wide = shape.holding(keyBytes: keyBytes, valueBytes: narrowMax)
        let wideMax = valueBytesMax(
            keyBytes: keyBytes, chargeMax: chargeMax, headBytes: wide.headBytes,
            unitBytes: unitBytes)
        return max(limit, wideMax ?? 0)
    }

    private static func valueBytesMax(
        keyBytes: Int, chargeMax: UInt64, headBytes: Int, unitBytes: Int
    ) -> UInt64? {
        let step = UInt64(unitBytes)
        guard chargeMax > indexShareBytes else { return nil }
        let room = chargeMax - indexShareBytes
        let fixed = UInt64(headBytes) + UInt64(keyBytes)
        let inCell = min(room & ~(step - 1), cellBytesMax)
        guard inCell >= fixed else { return nil }
        let small = inCell - fixed
        let head = (fixed + addressBytes + step - 1) & ~(step - 1)
        guard room > head else { return small }
        return max(small, (room - head) & ~(pageBytes - 1))
    }
}
