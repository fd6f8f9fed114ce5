extension Cache {
    /// Looks on from `cursor` and adds what it finds to `batch`, until that holds `entriesMax`
    /// entries or `bytesMax` bytes of keys and values (the last entry may go over). Tells where to
    /// go on, `nil` at the end.
    ///
    /// Every entry that is there throughout a whole scan is seen at least once, in whatever way
    /// the tables grow meanwhile. A step may find nothing and still not be the last. Bounds of 0
    /// count as 1, so that an empty batch always gets on.
    package func scan(
        from cursor: ScanCursor, into batch: inout ScanBatch, entriesMax: Int, bytesMax: UInt64,
        nowNanos: UInt64
    ) -> ScanCursor? {
        guard let first = Int(exactly: cursor.shard), first < shards.count else { return nil }
        var shard = first
        var position = cursor.position
        while shard < shards.count {
            let next = shards.withShard(at: shard) {
                $0.table.collect(
                    from: position, into: &batch, entriesMax: max(entriesMax, 1),
                    bytesMax: max(bytesMax, 1), nowNanos: nowNanos)
            }
            if let next { return ScanCursor(shard: UInt64(shard), position: next) }
            shard += 1
            position = 0
        }
        return nil
    }
}
