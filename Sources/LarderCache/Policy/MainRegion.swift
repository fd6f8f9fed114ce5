/// The main region: entries ordered by what they are worth per byte.
///
/// An entry's *value* is its popularity over its size; its *standing* is the floor at the moment
/// it was filed plus that value. The victim is the entry that stands lowest, and the floor rises
/// to the standing of each victim, so that what was worth much long ago sinks.
///
/// - Complexity: every operation is O(1), the search for the victim O(classes).
package struct MainRegion: ~Copyable, Sendable {
    // One first-in-first-out list for each power of two of value: within a list values differ by
    // less than two, so age orders it, and the lowest standing is at the head of one of the
    // lists. Source: Ghandeharizadeh et al.: CAMP; Cherkasova: GreedyDual-Size-Frequency.
    static let classCount = 64
    /// The exponent of the values of the least class: less than one part in the largest entry.
    private static let leastExponent = -56

    // Arrays, since a look into an `InlineArray` this large may copy all of what holds it.
    private var lists = [EntryList](repeating: EntryList(), count: classCount)
    private var headStandings = [Double](repeating: .infinity, count: classCount)
    private var occupied: UInt64 = 0
    // Standings only grow, and entries keep them in 24 bits, beside which values would vanish in
    // the end. So from time to time all standings become less by the floor: a new *era* begins.
    // Entries of the former era are not touched for it. They are told by a mark beside their
    // class, and what their era ended with is taken off when they are looked at. The one after
    // that begins when none of them is left, which comes by itself: the floor passes them all.
    /// Marks the entries of every other era, in their list indexes.
    private static let eraMark: UInt8 = 0x80
    /// So many times a value the floor may be before an era ends: values keep 12 bits.
    private static let floorInValuesMax = 4096.0
    /// The mark of this era, or 0.
    private var era: UInt8 = 0
    /// The floor with which the former era ended.
    private var formerFloor = 0.0
    /// The entries of the former era.
    private var formerCount: UInt64 = 0
    /// Eras that have ended.
    package private(set) var eraCount = 0
    /// The standing of the last victim.
    package private(set) var floor = 0.0
    private(set) var bytes: UInt64 = 0
    package private(set) var count: UInt64 = 0

    package init() {}

    /// The entry that stands lowest.
    package var victim: EntryBlock? {
        var least = Double.infinity
        var leastClass: Int?
        var rest = occupied
        while rest != 0 {
            let index = rest.trailingZeroBitCount
            rest &= rest &- 1
            if headStandings[index] < least {
                least = headStandings[index]
                leastClass = index
            }
        }
        guard let leastClass else { return nil }
        return lists[leastClass].head
    }

    /// Files an entry that is in no list under its value now.
    package mutating func append(_ block: EntryBlock, bytes charge: UInt64, value: Double) {
        if floor > value * Self.floorInValuesMax && formerCount == 0 { endEra() }
        let index = Self.classIndex(value)
        block.standing = floor + value
        block.listIndex = UInt8(index) | era
        if lists[index].isEmpty {
            headStandings[index] = standing(of: block)
            occupied |= 1 &<< UInt64(index)
        }
        lists[index].append(block)
        bytes += charge
        count += 1
    }

    /// How high an entry of the region stands.
    package func standing(of block: EntryBlock) -> Double {
        isFormer(block) ? block.standing - formerFloor : block.standing
    }

    private func isFormer(_ block: EntryBlock) -> Bool { block.listIndex & Self.eraMark != era }

    private static func classIndex(of block: EntryBlock) -> Int {
        Int(block.listIndex & ~eraMark)
    }

    private mutating func endEra() {
        formerFloor = floor
        formerCount = count
        floor = 0
        era ^= Self.eraMark
        eraCount += 1
        for index in 0..<Self.classCount { headStandings[index] -= formerFloor }
    }

    package mutating func remove(_ block: EntryBlock, bytes charge: UInt64) {
        let index = Self.classIndex(of: block)
        if isFormer(block) { formerCount -= 1 }
        lists[index].remove(block)
        block.listIndex = EntryBlock.noList
        bytes -= charge
        count -= 1
        if let head = lists[index].head {
            headStandings[index] = standing(of: head)
        } else {
            headStandings[index] = .infinity
            occupied &= ~(1 &<< UInt64(index))
        }
        // With nobody left to compare with, the scale can start afresh.
        if count == 0 { floor = 0 }
    }

    /// Files an entry anew, behind all of its class.
    mutating func refile(_ block: EntryBlock, bytes charge: UInt64, value: Double) {
        remove(block, bytes: charge)
        append(block, bytes: charge, value: value)
    }

    /// Puts `newer`, the same entry in another block, where `older` is.
    mutating func exchange(
        _ older: EntryBlock, bytes olderCharge: UInt64, for newer: EntryBlock,
        bytes newerCharge: UInt64
    ) {
        newer.standing = older.standing
        newer.listIndex = older.listIndex
        lists[Self.classIndex(of: older)].exchange(older, for: newer)
        older.listIndex = EntryBlock.noList
        bytes = bytes - olderCharge + newerCharge
    }

    /// Notes that a victim of this standing goes or is given another chance.
    package mutating func raiseFloor(to standing: Double) {
        floor = max(floor, standing)
    }

    package static func classIndex(_ value: Double) -> Int {
        let exponent = Int(value.bitPattern &>> 52 & 0x7ff) - 1023
        return min(max(exponent - leastExponent, 0), classCount - 1)
    }

    // MARK: checking

    /// Runs `body` on every entry, and traps unless lists, heads, mask and eras agree.
    package func forEach(_ body: (EntryBlock) -> Void) {
        var former: UInt64 = 0
        for index in 0..<Self.classCount {
            let head = lists[index].head
            precondition(
                (head != nil) == (occupied &>> UInt64(index) & 1 == 1), "mask and lists agree")
            precondition(
                headStandings[index] == head.map { standing(of: $0) } ?? .infinity,
                "heads are known")
            var last: EntryBlock?
            var next = head
            while let block = next {
                precondition(Self.classIndex(of: block) == index, "an entry knows its list")
                precondition(block.previous == last, "links go both ways")
                if isFormer(block) { former += 1 }
                last = block
                next = block.next
                body(block)
            }
            precondition(lists[index].tail == last, "a list knows its end")
        }
        precondition(former == formerCount, "entries of the former era are counted")
    }
}
