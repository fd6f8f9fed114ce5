/// The entries of one shard, found by hash and key.
///
/// Slots are kept in the order of the hashes, from first to last: a slot's home is its hash's
/// top bits, and an entry that finds its home taken moves on, never past a greater hash. So a
/// look-up ends at the first greater hash, and a scan in hash order is a walk over the slots that
/// survives growth: a hash that was passed stays passed.
///
/// - Complexity: O(1) on average; growth is O(entries) and reads no entry.
package struct EntryTable: ~Copyable, Sendable {
    // Linear probing with ordered slots (Amble and Knuth: Ordered hash tables), without
    // wrap-around: behind the last home lie some spare slots, and a table whose spare slots are
    // used up grows. A slot is one word: the upper half of the hash, which tells almost every
    // other key apart without a look at the entry, and the entry's link. Homes need not be a
    // power of two, so the table grows by a quarter and is never half empty for growth's sake.
    private static let homesMin = 16
    private static let spareSlots = 64
    /// Most of the homes that may be taken, in sixteenths.
    private static let loadSixteenthsMax = 13
    /// Homes per entry beyond which the hashes can not be those of a seeded hash.
    private static let homesPerEntryMax = 1 << 16
    /// Slots that one step of a scan looks at, at most, beyond those it hands out.
    private static let scanSlotsMax = 4096

    /// 0 is an empty slot: no entry has the link 0.
    private var slots: WordTable
    private var homeCount: Int
    private let links: EntryLinks
    package private(set) var count = 0

    /// A table for entries of this arena, which outlives them.
    package init(_ arena: borrowing EntryArena) {
        homeCount = Self.homesMin
        slots = WordTable(count: Self.homesMin + Self.spareSlots)
        links = arena.links
    }

    private static func slot(_ block: EntryBlock) -> UInt64 { block.hash | UInt64(block.link) }

    @inline(__always)
    private static func hash(_ slot: UInt64) -> UInt64 { slot &>> 32 }

    @inline(__always)
    private func entry(_ slot: UInt64) -> EntryBlock {
        links.entry(UInt32(truncatingIfNeeded: slot))
    }

    /// The slot at `index`; the one behind the last is always empty.
    @inline(__always)
    private func slot(_ index: Int) -> UInt64 { index < slots.count ? slots[index] : 0 }

    /// Where the search for the upper half of a hash begins.
    @inline(__always)
    private func home(of hash: UInt64) -> Int {
        Int(truncatingIfNeeded: (hash &* UInt64(truncatingIfNeeded: homeCount)) &>> 32)
    }

    /// The first slot that is empty or whose hash is not less than this one.
    @inline(__always)
    private func lowerBound(_ hash: UInt64) -> Int {
        var index = home(of: hash)
        while true {
            let slot = slot(index)
            if slot == 0 || Self.hash(slot) >= hash { return index }
            index &+= 1
        }
    }

    // MARK: finding

    /// The entry under this key.
    @inline(__always)
    package func find(_ key: Span<UInt8>, hash: UInt64) -> EntryBlock? {
        let hash = Self.hash(hash)
        var index = lowerBound(hash)
        while true {
            let slot = slot(index)
            guard slot != 0, Self.hash(slot) == hash else { return nil }
            let block = entry(slot)
            if block.key.hasSameBytes(as: key) { return block }
            index &+= 1
        }
    }

    private func slotIndex(of block: EntryBlock) -> Int? {
        let wanted = Self.slot(block)
        let hash = Self.hash(wanted)
        var index = lowerBound(hash)
        while true {
            let slot = slot(index)
            if slot == wanted { return index }
            guard slot != 0, Self.hash(slot) == hash else { return nil }
            index &+= 1
        }
    }

    /// Slots that a look-up of this hash looks at.
    package func probeCount(_ hash: UInt64) -> Int {
        lowerBound(Self.hash(hash)) - home(of: Self.hash(hash)) + 1
    }

    /// Whether this very entry is in the table.
    package func contains(_ block: EntryBlock) -> Bool { slotIndex(of: block) != nil }

    // MARK: changing

    /// Adds an entry whose key is not in the table.
    package mutating func insert(_ block: EntryBlock) {
        if (count + 1) * 16 > homeCount * Self.loadSixteenthsMax { resize(homes: grown) }
        while !place(Self.slot(block)) { resize(homes: grown) }
        count += 1
    }

    private var grown: Int { homeCount + homeCount / 4 }

    /// Puts `newer` where `older` is: no reader sees neither. Both have the same key.
    package mutating func replace(_ older: EntryBlock, with newer: EntryBlock) {
        guard let index = slotIndex(of: older) else {
            preconditionFailure("an entry in a list is in its table")
        }
        slots[index] = Self.slot(newer)
    }

    /// Takes an entry out.
    package mutating func remove(_ block: EntryBlock) {
        guard var index = slotIndex(of: block) else {
            preconditionFailure("an entry in a list is in its table")
        }
        while true {
            let follower = slot(index + 1)
            guard follower != 0, home(of: Self.hash(follower)) <= index else { break }
            slots[index] = follower
            index += 1
        }
        slots[index] = 0
        count -= 1
        if count < homeCount / 4 && homeCount > Self.homesMin {
            resize(homes: max(homeCount / 2, Self.homesMin))
        }
    }

    /// Puts a slot into its place; `false` if those behind it are all taken.
    private func place(_ slot: UInt64) -> Bool {
        let target = lowerBound(Self.hash(slot))
        var end = target
        while end < slots.count && slots[end] != 0 { end += 1 }
        guard end < slots.count else { return false }
        while end > target {
            slots[end] = slots[end - 1]
            end -= 1
        }
        slots[target] = slot
        return true
    }

    private mutating func resize(homes: Int) {
        var homes = homes
        while true {
            precondition(
                homes / Self.homesPerEntryMax <= count + 1, "hashes are spread over all values")
            let table = WordTable(count: homes + Self.spareSlots)
            homeCount = homes
            if copySlots(to: table) {
                slots = table
                return
            }
            // Too many greatest hashes for this size: take the next one up.
            homes += homes / 4
        }
    }

    /// Copies the slots, which come in order, to their places in a table of as many homes as
    /// `homeCount` says; `false` if there are too few.
    private func copySlots(to table: borrowing WordTable) -> Bool {
        var free = 0
        for index in 0..<slots.count {
            let slot = slots[index]
            guard slot != 0 else { continue }
            free = max(free, home(of: Self.hash(slot)))
            guard free < table.count else { return false }
            table[free] = slot
            free += 1
        }
        return true
    }

    // MARK: scanning

    /// Adds entries from `position` on to the batch until it has `entriesMax` entries or
    /// `bytesMax` bytes; tells where to go on, `nil` at the end of the table.
    package func collect(
        from position: UInt64, into batch: inout ScanBatch, entriesMax: Int, bytesMax: UInt64,
        nowNanos: UInt64
    ) -> UInt64? {
        var index = lowerBound(Self.hash(position))
        let stop = index + Self.scanSlotsMax
        var lastHash: UInt64?
        while index < slots.count {
            let slot = slots[index]
            if slot != 0 {
                let isFull = batch.count >= entriesMax || batch.bytes >= bytesMax || index >= stop
                let hash = Self.hash(slot)
                // Entries of one hash go together: the cursor cannot point between them.
                if isFull && hash != lastHash { return hash &<< 32 }
                let block = entry(slot)
                if !block.isExpired(nowNanos: nowNanos) { batch.append(block) }
                lastHash = hash
            }
            index += 1
        }
        return nil
    }

    // MARK: checking

    /// Traps unless every slot is in order and at or behind its home, without a gap between.
    package func checkInvariants() {
        var seen = 0
        var last: UInt64 = 0
        for index in 0..<slots.count {
            let slot = slots[index]
            guard slot != 0 else { continue }
            seen += 1
            let hash = Self.hash(slot)
            precondition(slot == Self.slot(entry(slot)), "a slot knows its entry's hash")
            precondition(hash >= last, "slots are in the order of their hashes")
            last = hash
            let home = home(of: hash)
            precondition(home <= index, "no entry lies before its home")
            for between in home..<index {
                precondition(slots[between] != 0, "no gap before an entry")
            }
        }
        precondition(seen == count, "the table counts its entries")
        precondition(
            count * 16 <= homeCount * Self.loadSixteenthsMax, "the table is not too full")
    }
}
