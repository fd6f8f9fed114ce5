internal import Synchronization

/// The sampled reads that the policy has not looked at yet.
///
/// Readers add without a lock and never wait; when they are faster than the policy, the oldest
/// notes are lost, which costs the sample some of its size and nothing else.
struct ReadNotes: ~Copyable, Sendable {
    // A ring: writers take tickets, the one reader (whoever holds the policy's lock) empties the
    // slots in the order of the tickets. 0 is an empty slot; no sampled hash is 0 in practice,
    // and one that were would only not be noted. A reader that is a whole ring behind may leave a
    // hash beside the bytes of another entry: the sample then has a wrong size until the next
    // write of that key.
    private static let slotCount = 256
    private static let slotMask: UInt64 = 255
    /// Notes that may wait for the next write before a reader sees to them.
    private static let waitingMax: UInt64 = 64

    private let hashes = InlineArray<256, Atomic<UInt64>> { _ in Atomic(0) }
    private let bytes = InlineArray<256, Atomic<UInt64>> { _ in Atomic(0) }
    private let expiries = InlineArray<256, Atomic<UInt64>> { _ in Atomic(0) }
    private let written = Atomic<UInt64>(0)
    private let taken = Atomic<UInt64>(0)
    // What every request reads lies on a line that notes do not write.
    private let padding = InlineArray<8, UInt64>(repeating: 0)
    /// The reads whose `SampleBits` have none of these, and whose turns have none of the low ones,
    /// are noted.
    private let mask = Atomic<UInt64>(0)
    /// Hits of so many bytes are noted too.
    private let heavyBytesMin = Atomic<UInt64>(.max)

    /// Whether requests of this hash are noted when it is their turn.
    @inline(__always)
    func isSampled(_ hash: UInt64) -> Bool {
        SampleBits.of(hash) & mask.load(ordering: .relaxed) & ~LearningPace.turnBits == 0
    }

    /// Whether requests of an entry of so many bytes are noted when it is their turn.
    @inline(__always)
    func isHeavy(bytes: UInt64) -> Bool { bytes >= heavyBytesMin.load(ordering: .relaxed) }

    /// Whether it is the turn of a shard's request of this number to be noted.
    @inline(__always)
    func isTurn(_ number: UInt64) -> Bool {
        LearningPace.turn(number) & mask.load(ordering: .relaxed) == 0
    }

    /// Takes what decides about the sample from now on.
    func setSample(mask sampleMask: UInt64, turns: UInt64, heavyBytesMin bytes: UInt64) {
        let bits = sampleMask | turns
        // Written only on change: readers then share the cache line.
        if mask.load(ordering: .relaxed) != bits { mask.store(bits, ordering: .relaxed) }
        if heavyBytesMin.load(ordering: .relaxed) != bytes {
            heavyBytesMin.store(bytes, ordering: .relaxed)
        }
    }

    /// Notes a read; tells whether enough wait for the policy to look at them.
    func add(_ note: ReadNote) -> Bool {
        let ticket = written.wrappingAdd(1, ordering: .relaxed).oldValue
        let slot = Int(ticket & Self.slotMask)
        bytes[slot].store(note.bytes, ordering: .relaxed)
        expiries[slot].store(note.expiresAtNanos, ordering: .relaxed)
        hashes[slot].store(note.hash, ordering: .releasing)
        return ticket &- taken.load(ordering: .relaxed) >= Self.waitingMax
    }

    /// Hands every waiting note to `body`, oldest first. For one caller at a time.
    func takeAll(_ body: (ReadNote) -> Void) {
        let end = written.load(ordering: .relaxed)
        var ticket = taken.load(ordering: .relaxed)
        if end &- ticket > UInt64(Self.slotCount) { ticket = end &- UInt64(Self.slotCount) }
        while ticket != end {
            let slot = Int(ticket & Self.slotMask)
            let hash = hashes[slot].exchange(0, ordering: .acquiring)
            if hash != 0 {
                body(
                    ReadNote(
                        hash: hash, bytes: bytes[slot].load(ordering: .relaxed),
                        expiresAtNanos: expiries[slot].load(ordering: .relaxed)))
            }
            ticket &+= 1
        }
        taken.store(end, ordering: .relaxed)
    }
}
