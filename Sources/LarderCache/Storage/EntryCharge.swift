/// What an entry costs: its cell, the pages of a large value, and its share of table and sketch.
package enum EntryCharge {
    /// Table slots (8 bytes, at 13/20 to 13/16 of them used) and sketch counters (16 to 32 bytes
    /// an entry), in the middle of their growth.
    static let indexShareBytes: UInt64 = 35
    static let cellStepBytes: UInt64 = UInt64(EntryArena.unitBytes)
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

    package static func bytes(
        keyBytes: Int, valueBytes: Int, shape: EntryShape = EntryShape()
    ) -> UInt64 {
        bytes(keyBytes: keyBytes, valueBytes: valueBytes, headBytes: shape.headBytes)
    }

    static func bytes(keyBytes: Int, valueBytes: Int, headBytes: Int) -> UInt64 {
        let cell = cell(keyBytes: keyBytes, valueBytes: valueBytes, headBytes: headBytes)
        let pages =
            cell.holdsValue ? 0 : (UInt64(valueBytes) + pageBytes - 1) & ~(pageBytes - 1)
        return (cell.bytes + cellStepBytes - 1) & ~(cellStepBytes - 1) + pages + indexShareBytes
    }

    /// The largest value that costs at most `chargeMax` under a key of this size; `nil` if not
    /// even an empty one does.
    package static func valueBytesMax(
        keyBytes: Int, chargeMax: UInt64, shape: EntryShape = EntryShape()
    ) -> UInt64? {
        guard chargeMax > indexShareBytes else { return nil }
        let room = chargeMax - indexShareBytes
        let fixed = UInt64(shape.headBytes) + UInt64(keyBytes)
        let inCell = min(room & ~(cellStepBytes - 1), cellBytesMax)
        guard inCell >= fixed else { return nil }
        let small = inCell - fixed
        let head = (fixed + addressBytes + cellStepBytes - 1) & ~(cellStepBytes - 1)
        guard room > head else { return small }
        return max(small, (room - head) & ~(pageBytes - 1))
    }
}
