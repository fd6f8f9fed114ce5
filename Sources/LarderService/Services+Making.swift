import LarderCache

/// What a server's services are made of.
package struct ServicesConfiguration: Sendable {
    /// The largest budget that a cache can address.
    package static let budgetBytesMax = Cache.budgetBytesMax
    /// Whether the system has addresses for a cache.
    package static var systemHasAddresses: Bool { Cache.systemHasAddresses }

    /// Of the cache: keys, values and all that is kept for them.
    package var budgetBytes: UInt64
    /// Entries in the cache; nil sets no limit besides the budget.
    package var entriesMax: UInt64?
    /// Threads that call the services.
    package var threadCount = 1
    package var missCost = MissCostChoice.balanced
    package var limits = Limits()
    package var nodeID: String
    package var serverVersion: String
    /// Nanoseconds since 1970 at the start: versions and cursors of one start never look like
    /// those of another.
    package var startedAtUnixNanos: UInt64
    /// The same moment by the clock that calls go by.
    package var startedAtNanos: UInt64 = 0
    package var reflection = true
    package var control: ServerControl?
    /// Whether answers are compressed for those who accept it.
    package var compression = false
    /// Methods besides the server's own.
    package var further: (any FurtherMethods)?

    package init(
        budgetBytes: UInt64, nodeID: String, serverVersion: String, startedAtUnixNanos: UInt64
    ) {
        self.budgetBytes = budgetBytes
        self.nodeID = nodeID
        self.serverVersion = serverVersion
        self.startedAtUnixNanos = startedAtUnixNanos
    }
}

extension Services {
    // Versions are the cache's ticks of 256 ns since 1970: a server that comes back never gives
    // versions out again that it has given before.
    private static let nanosPerVersion: UInt64 = 256
    /// Pages kept for long messages, for each thread: enough for one of the longest, or for a few
    /// shorter ones.
    private static let gatheringPageBytes: UInt64 = 5 << 20

    /// Services over a cache of their own, whose hash takes its secrets from `randomWord`.
    package convenience init(
        _ configuration: ServicesConfiguration, health: HealthState, randomWord: () -> UInt64
    ) {
        var cache = Cache.Configuration(
            budgetBytes: configuration.budgetBytes,
            seed: HashSeed(randomWord(), randomWord(), randomWord(), randomWord()))
        cache.entriesMax = configuration.entriesMax
        cache.writerCount = configuration.threadCount
        cache.missCost = configuration.missCost.missCost
        cache.keyBytesMax = configuration.limits.keyBytesMax
        cache.valueBytesMax = configuration.limits.valueBytesMax
        cache.gatheringPageBytes = UInt64(configuration.threadCount) * Self.gatheringPageBytes
        let startedAt = configuration.startedAtUnixNanos
        let epoch = startedAt - min(startedAt, configuration.startedAtNanos)
        cache.firstVersion = max(1, epoch / Self.nanosPerVersion)
        self.init(
            cache: Cache(cache), limits: configuration.limits, nodeID: configuration.nodeID,
            serverVersion: configuration.serverVersion, health: health,
            startID: configuration.startedAtUnixNanos, reflection: configuration.reflection,
            compression: configuration.compression, further: configuration.further,
            control: configuration.control)
    }

    /// Changes how much the cache may hold; what does not fit any more goes before this returns.
    package func setCacheBounds(budgetBytes: UInt64, entriesMax: UInt64?) {
        let now = cache.statistics()
        if now.budgetBytes != budgetBytes { cache.setBudget(budgetBytes) }
        if now.entriesMax != entriesMax { cache.setEntriesMax(entriesMax) }
    }

    /// Lets go of entries whose time is over, at most `limit` of them.
    ///
    /// - Returns: how many went.
    @discardableResult
    package func expire(nowNanos: UInt64, limit: Int) -> Int {
        cache.expire(nowNanos: nowNanos, limit: limit)
    }

    /// When `expire` has something to do next, as things are: 0 for now, nil for never.
    package func nextDueNanos() -> UInt64? { cache.nextDueNanos() }

    /// Gives back memory that waits for the next entries.
    package func giveBackIdle() { cache.giveBackIdle() }

    /// What the cache has done since it was made, as names and counts for a log.
    package var summary: [(name: String, count: UInt64)] {
        let statistics = cache.statistics()
        return [
            ("entries", statistics.entries), ("used_bytes", statistics.usedBytes),
            ("hits", statistics.hits), ("misses", statistics.misses), ("sets", statistics.sets),
            ("evicted", statistics.evicted), ("expired", statistics.expired),
            ("not_admitted", statistics.notAdmitted),
        ]
    }
}
