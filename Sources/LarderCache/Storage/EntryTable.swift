internal import LarderPages

/// The entries of one shard, found by hash and key.
///
/// Slots are kept in the order of the hashes, from first to last: a slot's home is its hash's
/// top bits, and an entry that finds its home taken moves on, never past a greater hash. So a
/// look-up ends at the first greater hash, and a scan in hash order is a walk over the slots that
/// survives growth: a hash that was passed stays passed.
///
/// - Complexity: O(1) on average, growth included, which reads no entry.
package struct EntryTable: ~Copyable, Sendable {
    // Linear probing with ordered slots (Amble and Knuth: Ordered hash tables), without
    // wrap-around: behind the last home lie some spare slots, and more are added when they are
    // used up. A slot is one word: the upper half of the hash, which tells almost every other
    // key apart without a look at the entry, and the entry's link.
    //
    // The table grows by a sixth or little more, and not in one go: hashes below `split` have
    // their homes spread over `lowHomes`, the others over `highHomes`, which are no fewer. So
    // homes rise with hashes wherever `split` is, and each write moves it a little: down from the
    // greatest hash, entry by entry to a place further behind, when the table grows; up, when it
    // shrinks.
    private static let homesMin = 16
    private static let spareSlots = 64
    /// The part of its homes by which a table grows, at least, or shrinks.
    private static let growthDivisor = 6
    /// A table of some pages has whole ones: every page that has memory is used. In a smaller one
    /// that would be growth beyond what it shrinks by.
    private static let pageSlots = SystemPages.pageBytes / MemoryLayout<UInt64>.stride
    private static let roundedSlotsMin = 3 * pageSlots
    /// Most of the homes that may be taken, in sixteenths; below the least it shrinks.
    private static let loadSixteenthsMax = 13
    private static let loadSixteenthsMin = 7
    /// Entries that a write moves to their new homes, more than enough to be done in time.
    private static let movedPerWrite = 9
    private static let hashesEnd: UInt64 = 1 << 32
    /// Slots that one step of a scan looks at, at most, beyond those it hands out.
    private static let scanSlotsMax = 4096

    /// 0 is an empty slot: no entry has the link 0.
    private var slots: WordTable
    private var split: UInt64 = 0
    private var lowHomes: Int
    private var highHomes: Int
    private let links: EntryLinks
    package private(set) var count = 0

    /// A table for entries of this arena, which outlives them.
    package init(_ arena: borrowing EntryArena) {
        lowHomes = Self.homesMin
        highHomes = Self.homesMin
        slots = WordTable(count: Self.homesMin + Self.spareSlots)
        links = arena.links
    }

    private static func slot(_ block: EntryBlock, hash: UInt64) -> UInt64 {
        hash & ~0 &<< 32 | UInt64(block.link)
    }

    /// The part of a hash that the table works with.
    @inline(__always)
    static func hash(_ slot: UInt64) -> UInt64 { slot &>> 32 }

    @inline(__always)
    private func entry(_ slot: UInt64) -> EntryBlock {
        links.entry(UInt32(truncatingIfNeeded: slot))
    }

    /// The slot at `index`; the one behind the last is always empty.
    @inline(__always)
    private func slot(_ index: Int) -> UInt64 { index < slots.count ? slots[index] : 0 }

    /// Where the slots lie, until the table changes.
    var address: UInt { slots.address }

    /// Over how many homes they are spread, while the table neither grows nor shrinks.
    var homes: Int { lowHomes }

    /// Where the search for the upper half of a hash begins, in a table with so many homes.
    @inline(__always)
    static func home(of hash: UInt64, homes: Int) -> Int {
        Int(truncatingIfNeeded: (hash &* UInt64(truncatingIfNeeded: homes)) &>> 32)
    }

    @inline(__always)
    private func home(of hash: UInt64) -> Int {
        Self.home(of: hash, homes: hash < split ? lowHomes : highHomes)
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

    /// Fetches the entry that a look-up of this hash is likely to find.
    @inline(__always)
    func prefetchEntry(_ hash: UInt64) {
        let hash = Self.hash(hash)
        let slot = slot(lowerBound(hash))
        if slot != 0, Self.hash(slot) == hash { entry(slot).prefetch() }
    }

    private func slotIndex(of block: EntryBlock, hash: UInt64) -> Int? {
        let wanted = Self.slot(block, hash: hash)
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

    // Whoever has an entry tells its hash, which is dear to find out.

    /// Whether this very entry is in the table.
    package func contains(_ block: EntryBlock, hash: UInt64) -> Bool {
        slotIndex(of: block, hash: hash) != nil
    }

    // MARK: changing

    /// Adds an entry whose key is not in the table.
    package mutating func insert(_ block: EntryBlock, hash: UInt64) {
        if (count + 1) * 16 > highHomes * Self.loadSixteenthsMax { grow() }
        place(Self.slot(block, hash: hash))
        count += 1
        if lowHomes != highHomes { settle() }
    }

    /// Puts `newer` where `older` is: no reader sees neither. Both have the same key.
    package mutating func replace(
        _ older: EntryBlock, with newer: EntryBlock, hash: UInt64
    ) {
        guard let index = slotIndex(of: older, hash: hash) else {
            preconditionFailure("an entry in a list is in its table")
        }
        slots[index] = Self.slot(newer, hash: hash)
    }

    /// Takes an entry out.
    package mutating func remove(_ block: EntryBlock, hash: UInt64) {
        guard let index = slotIndex(of: block, hash: hash) else {
            preconditionFailure("an entry in a list is in its table")
        }
        close(index)
        count -= 1
        if lowHomes != highHomes {
            settle()
        } else if count * 16 < highHomes * Self.loadSixteenthsMin && highHomes > Self.homesMin {
            lowHomes = max(highHomes - highHomes / Self.growthDivisor, Self.homesMin)
            split = 0
        }
    }

    /// Empties a slot and moves those behind it up that have their homes before where they are.
    private func close(_ emptied: Int) {
        var index = emptied
        while true {
            let follower = slot(index + 1)
            guard follower != 0, home(of: Self.hash(follower)) <= index else { break }
            slots[index] = follower
            index += 1
        }
        slots[index] = 0
    }

    /// Puts a slot into its place.
    private mutating func place(_ slot: UInt64) {
        let target = lowerBound(Self.hash(slot))
        var end = target
        while self.slot(end) != 0 { end += 1 }
        if end >= slots.count { slots.resize(to: end + Self.spareSlots) }
        while end > target {
            slots[end] = slots[end - 1]
            end -= 1
        }
        slots[target] = slot
    }

    // MARK: growing and shrinking

    /// More homes, to which no entry has moved yet.
    private mutating func grow() {
        // Only a table that was about to shrink, or is tiny, is still on its way.
        while lowHomes != highHomes { moveSplitDown(entriesMax: Self.movedPerWrite) }
        highHomes = Self.homes(above: highHomes)
        split = Self.hashesEnd
        slots.resize(to: max(slots.count, highHomes + Self.spareSlots))
    }

    /// The homes of a table that `homes` have become too few for.
    private static func homes(above homes: Int) -> Int {
        let slots = homes + max(homes / growthDivisor, 1) + spareSlots
        guard slots > roundedSlotsMin else { return slots - spareSlots }
        return (slots + pageSlots - 1) / pageSlots * pageSlots - spareSlots
    }

    /// Goes on with a growth, or with its contrary where the table is not full.
    private mutating func settle() {
        guard count * 16 < highHomes * Self.loadSixteenthsMin else {
            return moveSplitDown(entriesMax: Self.movedPerWrite)
        }
        for _ in 0..<Self.movedPerWrite where lowHomes != highHomes { moveSplitUp() }
    }

    /// Moves the entries of the greatest hashes below `split` to their high homes.
    private mutating func moveSplitDown(entriesMax: Int) {
        // Whatever lies behind the greatest low home is in one row with it.
        var last = split == 0 ? -1 : home(of: split - 1)
        if slot(max(last, 0)) != 0 {
            while slot(last + 1) != 0, Self.hash(slot(last + 1)) < split { last += 1 }
        }
        while last >= 0, slot(last) == 0 || Self.hash(slot(last)) >= split { last -= 1 }
        // What is moved goes behind `last`, before which all hashes are below `split`.
        var left = entriesMax
        while left > 0 {
            while last >= 0, slots[last] == 0 { last -= 1 }
            guard last >= 0 else {
                split = 0
                lowHomes = highHomes
                return
            }
            let hash = Self.hash(slots[last])
            split = hash
            let home = home(of: hash)
            while last >= 0, slots[last] != 0, Self.hash(slots[last]) == hash {
                if last < home {
                    let slot = slots[last]
                    slots[last] = 0
                    place(slot)
                }
                last -= 1
                left -= 1
            }
        }
    }

    /// Moves the entries of the least hash from `split` on to their low home.
    private mutating func moveSplitUp() {
        var first = lowerBound(split)
        while first < slots.count && slots[first] == 0 { first += 1 }
        guard first < slots.count else {
            split = 0
            highHomes = lowHomes
            // Whatever lies behind the last home is in one row with it.
            var end = highHomes
            while slot(end) != 0 { end += 1 }
            slots.resize(to: min(slots.count, end + Self.spareSlots))
            return
        }
        let hash = Self.hash(slots[first])
        var run = 0
        while Self.hash(slot(first + run)) == hash && slot(first + run) != 0 { run += 1 }
        split = hash + 1
        for _ in 0..<run {
            let slot = slots[first]
            close(first)
            place(slot)
        }
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
            count * 16 <= highHomes * Self.loadSixteenthsMax, "the table is not too full")
        precondition(lowHomes <= highHomes, "homes rise with hashes")
    }
}
