import LarderCache
import LarderProtocol

/// A value that comes in several entries, as far as it has come.
///
/// Its memory grows with what has arrived, never with what was announced, and is given back to
/// the budget when this goes.
struct SplitValue: ~Copyable {
    let key: [UInt8]
    /// The first entry's.
    let index: UInt64
    /// How to store it once it is whole, or why it will not be.
    let verdict: EntryVerdict

    private let totalBytes: UInt64
    private var received: UInt64 = 0
    private var parts = WireWriter(capacity: 0)
    private let budget: AssemblyBudget
    private var takenBytes = 0

    init(
        key: Span<UInt8>, index: UInt64, totalBytes: UInt64, verdict: EntryVerdict,
        budget: AssemblyBudget
    ) {
        self.key = [UInt8](copying: key)
        self.index = index
        self.totalBytes = totalBytes
        self.verdict = verdict
        self.budget = budget
    }

    deinit { budget.giveBack(takenBytes) }

    var isWhole: Bool { received == totalBytes }

    /// The parts that have come, in one piece.
    var value: Span<UInt8> {
        @_lifetime(borrow self)
        get { parts.bytes }
    }

    /// Takes the next part, which must belong here and begin where the last one ended.
    mutating func append(_ entry: borrowing EntryView, index: UInt64) throws(Refusal) {
        guard entry.head.valueBytes == totalBytes, isSame(entry.key) else {
            throw .splitBroken(index: index, "another entry stands inside a split value")
        }
        guard entry.head.valueOffset == received else {
            throw .splitBroken(
                index: index,
                "value_offset \(entry.head.valueOffset) does not follow, \(received) would")
        }
        let count = entry.value.count
        guard UInt64(count) <= totalBytes - received else {
            throw .splitBroken(index: index, "the parts are longer than value_bytes \(totalBytes)")
        }
        received += UInt64(count)
        guard case .store = verdict else { return }
        guard budget.take(count) else { throw .assemblyFull(limit: budget.bytesMax) }
        takenBytes += count
        parts.append(entry.value)
    }

    private func isSame(_ other: Span<UInt8>) -> Bool {
        guard other.count == key.count else { return false }
        for offset in other.indices where other[offset] != key[offset] { return false }
        return true
    }
}
