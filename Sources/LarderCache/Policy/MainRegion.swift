/// The main region: entries ordered by what they are worth per byte.
///
/// An entry's *value* is its popularity over its size; its *standing* is the floor at the moment
/// it was filed plus that value. The victim is the entry that stands lowest, and the floor rises
/// to the standing of each victim, so that what was worth much long ago sinks.
///
/// - Complexity: every operation is O(1), the search for the victim O(classes).
struct MainRegion: Sendable {
    // One first-in-first-out list for each power of two of value: within a list values differ by
    // less than two, so age orders it, and the lowest standing is at the head of one of the
    // lists. Source: Ghandeharizadeh et al.: CAMP; Cherkasova: GreedyDual-Size-Frequency.
    static let classCount = 64
    /// The exponent of the values of the least class: less than one part in the largest entry.
    private static let leastExponent = -56

    private var lists = InlineArray<64, EntryList>(repeating: EntryList())
    private var headStandings = InlineArray<64, Double>(repeating: .infinity)
    private var occupied: UInt64 = 0
    /// The standing of the last victim.
    private(set) var floor = 0.0
    private(set) var bytes: UInt64 = 0
    private(set) var count: UInt64 = 0

    /// The entry that stands lowest.
    var victim: EntryBlock? {
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
        return leastClass.flatMap { lists[$0].head }
    }

    /// Files an entry that is in no list under its value now.
    mutating func append(_ block: EntryBlock, bytes charge: UInt64, value: Double) {
        let index = Self.classIndex(value)
        block.standing = floor + value
        block.listIndex = UInt8(index)
        if lists[index].isEmpty {
            headStandings[index] = block.standing
            occupied |= 1 &<< UInt64(index)
        }
        lists[index].append(block)
        bytes += charge
        count += 1
    }

    mutating func remove(_ block: EntryBlock, bytes charge: UInt64) {
        let index = Int(block.listIndex)
        lists[index].remove(block)
        block.listIndex = EntryBlock.noList
        bytes -= charge
        count -= 1
        if let head = lists[index].head {
            headStandings[index] = head.standing
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
        lists[Int(older.listIndex)].exchange(older, for: newer)
        older.listIndex = EntryBlock.noList
        bytes = bytes - olderCharge + newerCharge
    }

    /// Notes that a victim of this standing goes or is given another chance.
    mutating func raiseFloor(to standing: Double) {
        floor = max(floor, standing)
    }

    static func classIndex(_ value: Double) -> Int {
        let exponent = Int(value.bitPattern &>> 52 & 0x7ff) - 1023
        return min(max(exponent - leastExponent, 0), classCount - 1)
    }

    // MARK: checking

    /// Runs `body` on every entry, and traps unless lists, heads and mask agree.
    func forEach(_ body: (EntryBlock) -> Void) {
        for index in 0..<Self.classCount {
            let head = lists[index].head
            precondition(
                (head != nil) == (occupied &>> UInt64(index) & 1 == 1), "mask and lists agree")
            precondition(headStandings[index] == head?.standing ?? .infinity, "heads are known")
            var last: EntryBlock?
            var next = head
            while let block = next {
                precondition(block.listIndex == UInt8(index), "an entry knows its list")
                precondition(block.previous == last, "links go both ways")
                last = block
                next = block.next
                body(block)
            }
            precondition(lists[index].tail == last, "a list knows its end")
        }
    }
}
