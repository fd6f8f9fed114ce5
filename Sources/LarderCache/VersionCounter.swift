/// Gives out versions, each greater than those before.
struct VersionCounter: Sendable {
    /// A version from here on does not push the counter: one absurd number would use it up.
    private static let countedMax = UInt64.max / 2

    private var latest: UInt64

    /// The first version given out will be `first`; not 0.
    init(first: UInt64) {
        precondition(first != 0, "0 is no version")
        latest = first - 1
    }

    /// The version of a write over an item of version `present` (0: none).
    @inline(__always)
    mutating func next(after present: UInt64) -> UInt64 {
        let greatest = max(latest, present)
        guard greatest < Self.countedMax else {
            if latest < Self.countedMax { latest += 1 }
            return greatest == .max ? .max : greatest + 1
        }
        latest = greatest + 1
        return latest
    }
}
