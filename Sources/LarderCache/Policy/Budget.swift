/// How many bytes and entries the window and the main region may hold.
struct Budget: Sendable {
    /// The window's share: one part in so many.
    static let windowDivisor: UInt64 = 100

    /// Holes between entries: so much in any case, and one part of the budget in so many.
    private static let holeBytesBase: UInt64 = 12 * 1024 * 1024
    private static let holeDivisor: UInt64 = 32

    /// Pages of large values that went: one part of the budget in so many, and so much at most.
    private static let idlePageDivisor: UInt64 = 64
    private static let idlePageBytesMax: UInt64 = 16 * 1024 * 1024

    /// What may wait in lanes: so much of the window in all, one part in so many.
    private static let laneDivisor: UInt64 = 4
    /// Lanes that could hold less are not used.
    private static let laneBytesMin: UInt64 = 1024
    private static let laneEntriesMin: UInt64 = 4

    let bytes: UInt64
    let entriesMax: UInt64?
    /// Where newcomers may wait on their way into the window; 0: they do not.
    let laneCount: Int
    let laneBounds: Lane.Bounds

    init(bytes: UInt64, entriesMax: UInt64?, laneCount: Int = 0) {
        precondition(entriesMax != 0, "a cache may hold at least one entry")
        self.bytes = bytes
        self.entriesMax = entriesMax
        self.laneCount = laneCount
        laneBounds =
            laneCount == 0 ? .none : Self.laneBounds(bytes, entriesMax, count: laneCount)
    }

    private static func laneBounds(
        _ bytes: UInt64, _ entriesMax: UInt64?, count: Int
    ) -> Lane.Bounds {
        // What the policy is taking over counts as one lane more.
        let parts = windowDivisor * laneDivisor * UInt64(count + 1)
        let laneBytes = min(bytes / parts, Lane.bytesMax)
        let laneEntries = min((entriesMax ?? .max) / parts, UInt64(Lane.entriesMax))
        guard laneBytes >= laneBytesMin, laneEntries >= laneEntriesMin else { return .none }
        return Lane.Bounds(entriesMax: Int(laneEntries), bytesMax: laneBytes)
    }

    /// What is kept free in the window for those that wait.
    private var waitingBytesMax: UInt64 { laneBounds.bytesMax * UInt64(laneCount + 1) }
    private var waitingEntriesMax: UInt64 {
        UInt64(laneBounds.entriesMax) * UInt64(laneCount + 1)
    }

    /// Bytes that may lie in holes between the entries, beyond the budget.
    var holeBytesMax: UInt64 { Self.holeBytesBase + bytes / Self.holeDivisor }

    /// Bytes of pages that may be kept for the next large values, beyond the budget.
    var idlePageBytesMax: UInt64 {
        min(bytes / Self.idlePageDivisor, Self.idlePageBytesMax)
    }

    /// One part in `divisor` of it.
    func part(_ divisor: UInt64) -> Budget {
        Budget(bytes: bytes / divisor, entriesMax: entriesMax.map { max($0 / divisor, 1) })
    }

    var windowBytesMax: UInt64 { bytes / Self.windowDivisor - waitingBytesMax }
    var mainBytesMax: UInt64 { bytes - bytes / Self.windowDivisor }
    var windowEntriesMax: UInt64 {
        entriesMax.map { $0 / Self.windowDivisor - waitingEntriesMax } ?? .max
    }
    var mainEntriesMax: UInt64 { entriesMax.map { $0 - $0 / Self.windowDivisor } ?? .max }
}
