/// Gives out versions, each greater than those before and than the present one, but for the
/// greatest (`next`): by the clock, so that the stamp of an entry tells its version, too.
struct VersionCounter: Sendable {
    /// A version from here on does not push the counter: one absurd number would use it up.
    private static let countedMax = UInt64.max / 2

    private let first: UInt64
    private var latest: UInt64

    /// The version of a first write at moment 0 will be `first`; not 0.
    init(first: UInt64) {
        precondition(first != 0, "0 is no version")
        self.first = first
        latest = first - 1
    }

    /// The version of a write at this moment over an item of version `present` (0: none).
    ///
    /// Nothing is greater than the greatest: over that, which a writer can bring, it is what it
    /// would be without an item, so that whoever saw the old one sees the change.
    @inline(__always)
    mutating func next(after present: UInt64, nowNanos: UInt64) -> UInt64 {
        let present = present == .max ? 0 : present
        let (clock, overflow) = (first - 1).addingReportingOverflow(EntryStamp.ticks(nowNanos))
        let greatest = max(latest, present, overflow ? 0 : clock)
        guard greatest < Self.countedMax else {
            if latest < Self.countedMax { latest += 1 }
            return greatest == .max ? .max : greatest + 1
        }
        latest = greatest + 1
        return latest
    }
}
