/// What the writers on one processor need not share with those on others: newcomers that the
/// policy has not looked at yet, and cells for the next ones.
struct Lane: ~Copyable, Sendable {
    // Nothing is decided about a newcomer: it goes into the window. So the policy may take over
    // many at once, and what belongs to it moves between processors once for all of them.
    // Newcomers are in their tables, where everybody finds them, and say that they are not listed.

    /// How much may wait in one lane.
    struct Bounds: Hashable, Sendable {
        var entriesMax = 0
        var bytesMax: UInt64 = 0

        static let none = Bounds()
    }

    static let entriesMax = 64
    static let bytesMax: UInt64 = 128 * 1024
    /// A newcomer may take one part in so many of the bytes.
    private static let newcomerDivisor: UInt64 = 4
    /// The policy is asked to take over when a part of this size is used: one in so many; and
    /// asked again, if it is busy, each time that so many have come.
    private static let dueDivisor = 2
    private static let entriesPerAsking = 8

    private let links: EntryLinks
    private let slots = WordTable(count: entriesMax)
    private(set) var count = 0
    private(set) var bytes: UInt64 = 0
    /// The moment of the latest write.
    private var nowNanos: UInt64 = 0
    private var bounds = Bounds.none
    private var isOpen = false
    var cells: KeptCells

    /// A closed lane.
    init(_ arena: borrowing EntryArena) {
        links = arena.links
        cells = KeptCells(arena)
    }

    deinit {
        for index in 0..<count { links.entry(slot: slots[index]).release() }
    }

    /// Whether an entry of so many bytes may wait here.
    @inline(__always)
    func suits(bytes charge: UInt64) -> Bool {
        isOpen && charge <= bounds.bytesMax / Self.newcomerDivisor
    }

    @inline(__always)
    func hasRoom(bytes charge: UInt64) -> Bool {
        count < bounds.entriesMax && bytes + charge <= bounds.bytesMax
    }

    /// Whether the policy should take over what waits, unless it is busy.
    @inline(__always)
    var isDue: Bool {
        let isMuch =
            count * Self.dueDivisor >= bounds.entriesMax
            || bytes * UInt64(Self.dueDivisor) >= bounds.bytesMax
        return isMuch && count % Self.entriesPerAsking == 0
    }

    /// Puts an entry, which is in its table, behind those that wait.
    @inline(__always)
    mutating func append(
        _ block: EntryBlock, hash: UInt64, bytes charge: UInt64, nowNanos now: UInt64
    ) {
        slots[count] = hash | UInt64(block.link)
        count += 1
        bytes += charge
        nowNanos = now
    }

    /// Hands over all that wait.
    mutating func take(into batch: inout NewcomerBatch) {
        batch.take(slots, count: count, nowNanos: nowNanos)
        count = 0
        bytes = 0
    }

    /// Lets nobody in any more, and keeps no cells.
    mutating func close(_ arena: borrowing EntryArena) {
        isOpen = false
        cells.giveBack(arena)
    }

    /// Lets newcomers in again, while nobody waits, within these bounds.
    mutating func open(_ bounds: Bounds) {
        precondition(count == 0, "who waits came within the bounds")
        self.bounds = bounds
        cells.bytesMax = Int(min(bounds.bytesMax, UInt64(KeptCells.bytesMax)))
        isOpen = true
    }
}

extension Lane {
    /// Traps unless those that wait are what they should be; `isInTable` tells whether an entry
    /// of a hash is in its table.
    func checkInvariants(_ isInTable: (EntryBlock, UInt64) -> Bool) {
        var sum: UInt64 = 0
        for index in 0..<count {
            let block = links.entry(slot: slots[index])
            sum += block.chargeBytes
            precondition(!block.isListed, "who waits is in no list")
            precondition(block.referenceCount >= 1, "the cache holds who waits")
            precondition(isInTable(block, slots[index] & ~0 << 32), "who waits is in its table")
        }
        precondition(sum == bytes, "the bytes of those that wait are counted")
        precondition(count <= bounds.entriesMax && bytes <= bounds.bytesMax, "few wait")
    }
}
