/// What an entry costs: its block as the allocator really hands it out, and its share of the
/// table and the sketch.
package enum EntryCharge {
    /// Table slots (16 bytes, at 3/8 to 3/4 of them used) and sketch counters (16 to 32 bytes an
    /// entry), in the middle of their growth.
    static let indexShareBytes: UInt64 = 56
    /// The allocator puts 8 bytes before a block and rounds up to 16; from 128 KiB on a block may
    /// get pages of its own.
    static let blockHeadBytes: UInt64 = 8
    static let blockStepBytes: UInt64 = 16
    static let pagedFromBytes: UInt64 = 128 * 1024
    static let pageBytes: UInt64 = 4096
    static let pagedHeadBytes: UInt64 = 16

    package static func bytes(keyBytes: Int, valueBytes: Int) -> UInt64 {
        let block = UInt64(EntryBlock.headerBytes) + UInt64(keyBytes) + UInt64(valueBytes)
        if block < pagedFromBytes {
            return (block + blockHeadBytes + blockStepBytes - 1) & ~(blockStepBytes - 1)
                + indexShareBytes
        }
        return (block + pagedHeadBytes + pageBytes - 1) & ~(pageBytes - 1) + indexShareBytes
    }

    /// The largest value that costs at most `chargeMax` under a key of this size; `nil` if not
    /// even an empty one does.
    package static func valueBytesMax(keyBytes: Int, chargeMax: UInt64) -> UInt64? {
        guard chargeMax > indexShareBytes + pagedHeadBytes else { return nil }
        let room = chargeMax - indexShareBytes
        let stepped = (room & ~(blockStepBytes - 1)) - blockHeadBytes
        var block = stepped
        if stepped >= pagedFromBytes {
            let paged = (room & ~(pageBytes - 1)) - pagedHeadBytes
            block = max(paged, pagedFromBytes - 1)
        }
        let fixed = UInt64(EntryBlock.headerBytes) + UInt64(keyBytes)
        return block >= fixed ? block - fixed : nil
    }
}
