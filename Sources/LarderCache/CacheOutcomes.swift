/// How a write ended.
public enum WriteOutcome: ~Copyable, Sendable {
    /// The item is in the cache under this version.
    case stored(version: UInt64)
    /// The condition did not hold (or there was nothing to append to). The version of the
    /// present item, 0 if there is none; the item itself if the writer asked for it.
    case conditionFailed(version: UInt64, current: EntryReference?)
    /// The policy kept the item out. The key is absent now: a value that was there is gone, so
    /// that nobody is served what a writer meant to replace.
    case notAdmitted
    /// The write was refused before anything was touched.
    case rejected(RejectReason)
}

/// Why a write was refused before anything was touched.
public enum RejectReason: Hashable, Sendable {
    case keyEmpty
    /// The limit in bytes of the key.
    case keyTooLong(limit: UInt64)
    /// The limit in bytes of the value, under this key.
    case valueTooLarge(limit: UInt64)
    /// The limit in bytes of the joined value.
    case appendTooLarge(limit: UInt64)
}

/// How a deletion ended.
public enum DeleteOutcome: Hashable, Sendable {
    case deleted
    /// There was nothing.
    case miss
    /// There is an item, but of another version: this one.
    case conditionFailed(version: UInt64)
}
