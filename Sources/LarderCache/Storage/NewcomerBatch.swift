/// The newcomers of a lane that the policy is taking over, oldest first.
struct NewcomerBatch: ~Copyable, Sendable {
    private let links: EntryLinks
    private let slots = WordTable(count: Lane.entriesMax)
    private var first = 0
    private var end = 0
    /// The moment of the latest write among them.
    private(set) var nowNanos: UInt64 = 0

    init(_ arena: borrowing EntryArena) {
        links = arena.links
    }

    deinit {
        for index in first..<end { links.entry(slot: slots[index]).release() }
    }

    var isEmpty: Bool { first == end }
    var count: Int { end - first }

    /// Takes what waits in a lane, after all that came before is settled.
    mutating func take(_ waiting: borrowing WordTable, count: Int, nowNanos: UInt64) {
        precondition(isEmpty, "one batch after the other")
        first = 0
        end = count
        self.nowNanos = nowNanos
        for index in 0..<count { slots[index] = waiting[index] }
    }

    /// The next one and its hash.
    @inline(__always)
    var next: (block: EntryBlock, hash: UInt64)? {
        guard first < end else { return nil }
        return (links.entry(slot: slots[first]), slots[first] & ~0 << 32)
    }

    @inline(__always)
    mutating func removeNext() {
        precondition(first < end, "there is a next one")
        first += 1
    }
}
