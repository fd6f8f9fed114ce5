internal import CProcessor

/// Where a shard's tables lie at a moment, and so where a request of a hash will look.
struct TablePlaces: Equatable, Sendable {
    private static let lineBytes: UInt = 64
    private static let wordBytes = UInt(MemoryLayout<UInt64>.stride)

    var slots: UInt = 0
    var homes: UInt = 0
    var recent: UInt = 0
    var recentShift: UInt = 0
    var counters: UInt = 0
    var blockCount: UInt = 0
    var blockMask: UInt = 0

    /// Fetches what a request of this hash looks at before the entry. The tables need not be there
    /// any more.
    @inline(__always)
    func prefetch(_ hash: UInt64, _ seed: FrequencySketch.Seed) {
        let home = EntryTable.home(
            of: EntryTable.hash(hash), homes: Int(truncatingIfNeeded: homes))
        let slot = slots &+ offset(home)
        unsafe processor_prefetch(UnsafeRawPointer(bitPattern: slot))
        // Most entries lie no further behind their homes.
        unsafe processor_prefetch(UnsafeRawPointer(bitPattern: slot &+ Self.lineBytes))

        let request = recent &+ offset(RecentRequests.slot(of: hash, shift: UInt64(recentShift)))
        unsafe processor_prefetch_to_write(UnsafeRawPointer(bitPattern: request))

        let block = FrequencySketch.Place(
            hash, seed, blockCount: UInt64(blockCount), blockMask: UInt64(blockMask))
        let counter = counters &+ offset(block.base)
        unsafe processor_prefetch_to_write(UnsafeRawPointer(bitPattern: counter))
    }

    /// The bytes before the word of this index.
    @inline(__always)
    private func offset(_ word: Int) -> UInt { UInt(truncatingIfNeeded: word) &* Self.wordBytes }
}
