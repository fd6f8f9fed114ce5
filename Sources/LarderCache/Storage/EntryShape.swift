/// What an entry's header holds beyond what every entry has.
package struct EntryShape: Hashable, Sendable {
    /// Room for the writer's own bits.
    let hasFlags: Bool
    /// Room for an expiry and the wheel's links.
    let hasTimer: Bool
    /// Room for the time that it may go unused; it has a timer then.
    let hasIdleTime: Bool

    package init(hasFlags: Bool = false, hasTimer: Bool = false, hasIdleTime: Bool = false) {
        self.hasFlags = hasFlags
        self.hasTimer = hasTimer || hasIdleTime
        self.hasIdleTime = hasIdleTime
    }

    /// Bytes before the key.
    var headBytes: Int {
        if hasIdleTime { return EntryHeader.bytesWithIdleTime }
        if hasTimer { return EntryHeader.bytesWithTimer }
        return hasFlags ? EntryHeader.bytesWithFlags : EntryHeader.bytes
    }
}
