/// The entries of one shard, found by hash and key.
///
/// Slots are kept in the order of the hashes, from first to last: a slot's home is its hash's
/// top bits, and an entry that finds its home taken moves on, never past a greater hash. So a
/// look-up ends at the first greater hash, and a scan in hash order is a walk over the slots that
/// survives growth: a hash that was passed stays passed.
///
/// - Complexity: O(1) on average; growth is O(entries) and reads no entry.
@safe
package struct EntryTable: ~Copyable, Sendable {
    // Linear probing with ordered slots (Amble and Knuth: Ordered hash tables), without
    // wrap-around: behind the last home lie some spare slots, and a table whose spare slots are
    // used up grows.
    private struct Slot {
        var hash: UInt64
        var block: EntryBlock?
    }

    private static let homesMin = 16
    private static let spareSlots = 64
    /// Most of the homes that may be taken, in quarters.
    private static let loadQuartersMax = 3
    /// Slots that one step of a scan looks at, at most, beyond those it hands out.
    private static let scanSlotsMax = 4096

    private nonisolated(unsafe) var slots: UnsafeMutablePointer<Slot>
    private var homeCount: Int
    private var slotCount: Int
    package private(set) var count = 0

    package init() {
        homeCount = Self.homesMin
        slotCount = Self.homesMin + Self.spareSlots
        unsafe slots = Self.allocateSlots(slotCount)
    }

    deinit {
        unsafe slots.deallocate()
    }

    @unsafe
    private static func allocateSlots(_ count: Int) -> UnsafeMutablePointer<Slot> {
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: count * MemoryLayout<Slot>.stride, alignment: WordTable.alignment)
        let slots = unsafe memory.bindMemory(to: Slot.self, capacity: count)
        unsafe slots.initialize(repeating: Slot(hash: 0, block: nil), count: count)
        return unsafe slots
    }

    /// The slot at `index`, which lies in the table; the one behind the last is always empty.
    @inline(__always)
    private func slot(_ index: Int) -> Slot {
        guard index < slotCount else { return Slot(hash: 0, block: nil) }
        precondition(index >= 0)
        return unsafe slots[index]
    }

    @inline(__always)
    private func setSlot(_ index: Int, _ slot: Slot) {
        precondition(index >= 0 && index < slotCount, "a slot lies within the table")
        unsafe slots[index] = slot
    }

    @inline(__always)
    private func home(of hash: UInt64) -> Int {
        // homeCount is a power of two of at least 2, so the shift is less than 64.
        Int(truncatingIfNeeded: hash &>> UInt64(64 &- homeCount.trailingZeroBitCount))
    }

    /// The first slot that is empty or whose hash is not less than this one.
    @inline(__always)
    private func lowerBound(_ hash: UInt64) -> Int {
        var index = home(of: hash)
        while true {
            let slot = slot(index)
            if slot.block == nil || slot.hash >= hash { return index }
            index &+= 1
        }
    }

    // MARK: finding

    /// The entry under this key.
    @inline(__always)
    package func find(_ key: Span<UInt8>, hash: UInt64) -> EntryBlock? {
        var index = lowerBound(hash)
        while true {
            let slot = slot(index)
            guard let block = slot.block, slot.hash == hash else { return nil }
            if block.key.hasSameBytes(as: key) { return block }
            index &+= 1
        }
    }

    private func slotIndex(of block: EntryBlock) -> Int? {
        let hash = block.hash
        var index = lowerBound(hash)
        while true {
            let slot = slot(index)
            guard slot.block != nil, slot.hash == hash else { return nil }
            if slot.block == block { return index }
            index &+= 1
        }
    }

    /// Whether this very entry is in the table.
    package func contains(_ block: EntryBlock) -> Bool { slotIndex(of: block) != nil }

    // MARK: changing

    /// Adds an entry whose key is not in the table.
    package mutating func insert(_ block: EntryBlock) {
        if (count + 1) * 4 > homeCount * Self.loadQuartersMax { resize(homes: homeCount * 2) }
        while !place(block, block.hash) { resize(homes: homeCount * 2) }
        count += 1
    }

    /// Puts `newer` where `older` is: no reader sees neither. Both have the same key.
    package mutating func replace(_ older: EntryBlock, with newer: EntryBlock) {
        guard let index = slotIndex(of: older) else {
            preconditionFailure("an entry in a list is in its table")
        }
        setSlot(index, Slot(hash: newer.hash, block: newer))
    }

    /// Takes an entry out.
    package mutating func remove(_ block: EntryBlock) {
        guard var index = slotIndex(of: block) else {
            preconditionFailure("an entry in a list is in its table")
        }
        while true {
            let follower = slot(index + 1)
            guard follower.block != nil, home(of: follower.hash) <= index else { break }
            setSlot(index, follower)
            index += 1
        }
        setSlot(index, Slot(hash: 0, block: nil))
        count -= 1
        if count < homeCount / 8 && homeCount > Self.homesMin { resize(homes: homeCount / 2) }
    }

    /// Puts an entry into its place; `false` if the slots behind it are all taken.
    private func place(_ block: EntryBlock, _ hash: UInt64) -> Bool {
        let target = lowerBound(hash)
        var end = target
        while end < slotCount && slot(end).block != nil { end += 1 }
        guard end < slotCount else { return false }
        while end > target {
            setSlot(end, slot(end - 1))
            end -= 1
        }
        setSlot(target, Slot(hash: hash, block: block))
        return true
    }

    private mutating func resize(homes: Int) {
        let older = unsafe slots
        let olderCount = slotCount
        homeCount = homes
        slotCount = homes + Self.spareSlots
        unsafe slots = Self.allocateSlots(slotCount)
        // Old slots come in order, so the next free slot is always behind the last one filled.
        var free = 0
        var overflown = false
        for index in 0..<olderCount {
            let slot = unsafe older[index]
            guard slot.block != nil else { continue }
            free = max(free, home(of: slot.hash))
            guard free < slotCount else {
                overflown = true
                break
            }
            setSlot(free, slot)
            free += 1
        }
        if overflown {
            // Too many greatest hashes for this size: take the next one up.
            unsafe slots.deallocate()
            unsafe slots = unsafe older
            slotCount = olderCount
            resize(homes: homes * 2)
        } else {
            unsafe older.deallocate()
        }
    }

    // MARK: scanning

    /// Adds entries from `position` on to the batch until it has `entriesMax` entries or
    /// `bytesMax` bytes; tells where to go on, `nil` at the end of the table.
    package func collect(
        from position: UInt64, into batch: inout ScanBatch, entriesMax: Int, bytesMax: UInt64,
        nowNanos: UInt64
    ) -> UInt64? {
        var index = lowerBound(position)
        let stop = index + Self.scanSlotsMax
        var lastHash: UInt64?
        while index < slotCount {
            let slot = slot(index)
            if let block = slot.block {
                let isFull = batch.count >= entriesMax || batch.bytes >= bytesMax || index >= stop
                // Entries of one hash go together: the cursor cannot point between them.
                if isFull && slot.hash != lastHash { return slot.hash }
                if !block.isExpired(nowNanos: nowNanos) { batch.append(block) }
                lastHash = slot.hash
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
        for index in 0..<slotCount {
            let slot = slot(index)
            guard let block = slot.block else { continue }
            seen += 1
            precondition(slot.hash == block.hash, "a slot knows its entry's hash")
            precondition(slot.hash >= last, "slots are in the order of their hashes")
            last = slot.hash
            let home = home(of: slot.hash)
            precondition(home <= index, "no entry lies before its home")
            for between in home..<index {
                precondition(self.slot(between).block != nil, "no gap before an entry")
            }
        }
        precondition(seen == count, "the table counts its entries")
        precondition(count * 4 <= homeCount * Self.loadQuartersMax, "the table is not too full")
    }
}
