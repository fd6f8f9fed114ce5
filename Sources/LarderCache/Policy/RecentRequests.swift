/// The keys that were asked for just now, so that several requests in a row count as one.
///
/// - Complexity: `isFirst` is O(1) and touches one word.
package struct RecentRequests: ~Copyable, Sendable {
    // Requests of a key that follow close upon each other have one cause and tell nothing about
    // the next one: popularity is counted at most once within so many requests of other keys.
    // A slot for each of a few keys, the newest one stays: a key is forgotten after about as many
    // requests as there are slots. A key that is asked for all the time still reaches the highest
    // popularity, since it counts many times before the sketch ages.
    // Source: O'Neil, O'Neil, Weikum: The LRU-K Page Replacement Algorithm (correlated
    // references).
    private static let entriesPerSlot = 16

    private var hashes = WordTable(count: 1)
    /// How far a mixed hash is shifted to be an index, less one.
    private(set) var shift: UInt64 = 63
    /// Whether there are entries enough for one slot.
    private var isOpen = false

    package init() {}

    /// Notes a request; tells whether its key was not asked for just now.
    @inline(__always)
    package mutating func isFirst(_ hash: UInt64) -> Bool {
        guard isOpen else { return true }
        let slot = Self.slot(of: hash, shift: shift)
        guard hashes[slot] != hash else { return false }
        hashes[slot] = hash
        return true
    }

    /// Where the slots lie, until `reserve`.
    var address: UInt { hashes.address }

    /// The index of a key's slot.
    @inline(__always)
    static func slot(of hash: UInt64, shift: UInt64) -> Int {
        // Mixed with a constant of its own: shards and samples fix bits of the hash and of
        // `SampleBits`.
        let mixed = (hash &>> 32) &* 0xd6e8_feb8_6659_fd93
        return Int(truncatingIfNeeded: (mixed &>> 1) &>> shift)
    }

    /// Takes as many slots as suit so many entries; what is known is forgotten when they grow.
    package mutating func reserve(entries: Int) {
        let slotsMax = entries / Self.entriesPerSlot
        guard slotsMax > 0 else { return }
        isOpen = true
        guard hashes.count * 2 <= slotsMax else { return }
        var count = hashes.count
        while count * 2 <= slotsMax {
            count *= 2
            shift -= 1
        }
        hashes = WordTable(count: count)
    }
}
