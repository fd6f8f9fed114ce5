/// A cache of bytes under a byte budget.
public final class Cache: Sendable {
    public init(_ configuration: Configuration) {
    }
    public func get(
        _ key: Span<UInt8>, _ options: ReadOptions = ReadOptions(), nowNanos: UInt64
    ) -> EntryReference? { nil }
    public func set(
        _ key: Span<UInt8>, _ value: Span<UInt8>, _ options: WriteOptions = WriteOptions(),
        nowNanos: UInt64
    ) -> WriteOutcome { .notAdmitted }
    @discardableResult
    public func delete(
        _ key: Span<UInt8>, ifVersion: UInt64? = nil, nowNanos: UInt64
    )
        -> DeleteOutcome
    { .miss }
    public func statistics() -> CacheStatistics { CacheStatistics() }
    public func setBudget(_ budgetBytes: UInt64) {}
    public func setEntriesMax(_ entriesMax: UInt64?) {}
    public func flush() {}
    @discardableResult
    public func expire(nowNanos: UInt64, limit: Int) -> Int { 0 }
    package func scan(
        from cursor: ScanCursor, into batch: inout ScanBatch, maxEntries: Int, maxBytes: UInt64,
        nowNanos: UInt64
    ) -> ScanCursor? { nil }
    package func checkInvariants() {}
}
