/// What an entry's header holds beyond what every entry has.
package struct EntryShape: Hashable, Sendable {
    /// Room for the writer's own bits.
    let hasFlags: Bool
    /// Room for an expiry and the wheel's links.
    let hasTimer: Bool

    package init(hasFlags: Bool = false, hasTimer: Bool = false) {
        self.hasFlags = hasFlags
        self.hasTimer = hasTimer
    }

    /// Bytes before the key.
    var headBytes: Int {
        if hasTimer { return EntryHeader.bytesWithTimer }
        return hasFlags ? EntryHeader.bytesWithFlags : EntryHeader.bytes
    }
}
