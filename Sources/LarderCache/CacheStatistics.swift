/// What a cache holds and what has happened in it since it was made.
public struct CacheStatistics: Hashable, Sendable {
    /// Entries held now.
    public var entries: UInt64 = 0
    /// Bytes held now, overhead included; never more than the budget.
    public var usedBytes: UInt64 = 0
    public var budgetBytes: UInt64 = 0
    public var entriesMax: UInt64?
    /// Bytes of the keys held now.
    public var keyBytes: UInt64 = 0
    /// Bytes of the values held now.
    public var valueBytes: UInt64 = 0

    public var hits: UInt64 = 0
    public var misses: UInt64 = 0
    /// Writes that stored an item.
    public var sets: UInt64 = 0
    /// Items deleted because someone asked for it.
    public var deleted: UInt64 = 0
    /// Items that went to make room, the ones that left the window unadmitted among them.
    public var evicted: UInt64 = 0
    public var evictedBytes: UInt64 = 0
    /// Items removed because their time was over.
    public var expired: UInt64 = 0
    /// Items removed by `flush`.
    public var flushed: UInt64 = 0
    /// Writes that the policy refused.
    public var notAdmitted: UInt64 = 0
    public var notAdmittedBytes: UInt64 = 0

    public init() {}
}
