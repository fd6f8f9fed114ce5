/// What an entry's header holds beyond what every entry has.
package struct EntryShape: Hashable, Sendable {
    /// Room for the writer's own bits.
    let hasFlags: Bool
    /// Room for an expiry and the wheel's links.
    let hasTimer: Bool
    /// Room for the time that it may go unused; it has a timer then.
    let hasIdleTime: Bool
    /// Room for a version that is not the stamp, and for the lengths of a long key or value.
    let isWide: Bool

    package init(
        hasFlags: Bool = false, hasTimer: Bool = false, hasIdleTime: Bool = false,
        isWide: Bool = false
    ) {
        self.hasFlags = hasFlags
        self.hasTimer = hasTimer || hasIdleTime
        self.hasIdleTime = hasIdleTime
        self.isWide = isWide
    }

    /// The shape that has room for these lengths, too.
    func holding(keyBytes: Int, valueBytes: UInt64) -> EntryShape {
        let isLong =
            keyBytes > EntryHeader.narrowKeyBytesMax
            || valueBytes > UInt64(EntryHeader.narrowValueBytesMax)
        return EntryShape(
            hasFlags: hasFlags, hasTimer: hasTimer, hasIdleTime: hasIdleTime,
            isWide: isWide || isLong)
    }

    /// Bytes before the key.
    var headBytes: Int {
        let wideBytes = isWide ? EntryHeader.wideBytes : 0
        if hasIdleTime { return EntryHeader.bytesWithIdleTime + wideBytes }
        if hasTimer { return EntryHeader.bytesWithTimer + wideBytes }
        return (hasFlags ? EntryHeader.bytesWithFlags : EntryHeader.bytes) + wideBytes
    }
}
