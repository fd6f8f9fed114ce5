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

    let bytes: UInt64
    let entriesMax: UInt64?

    init(bytes: UInt64, entriesMax: UInt64?) {
        precondition(entriesMax != 0, "a cache may hold at least one entry")
        self.bytes = bytes
        self.entriesMax = entriesMax
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

    var windowBytesMax: UInt64 { bytes / Self.windowDivisor }
    var mainBytesMax: UInt64 { bytes - windowBytesMax }
    var windowEntriesMax: UInt64 { entriesMax.map { $0 / Self.windowDivisor } ?? .max }
    var mainEntriesMax: UInt64 { entriesMax.map { $0 - $0 / Self.windowDivisor } ?? .max }
}
