package import LarderProtocol

/// Cuts entries whose values are too long for one message into parts.
///
/// How an entry is cut depends on nothing but the entry and the limits, so that a load that is
/// repeated numbers its entries as before.
package struct EntrySplitter: Sendable {
    /// The length of a part, except the last one.
    package static let partBytesDefault = 1 << 20
    /// What a message has to spare for the fields around an entry's value and its key.
    static let overheadBytes = 1024
    /// When the server tells no limit: what gRPC servers take unless told otherwise.
    static let messageBytesDefault: UInt32 = 4 << 20

    private let messageBytesMax: Int
    private let partBytes: Int

    package init(limits: GetLimitsResponse) {
        let told = limits.maxMessageBytes
        messageBytesMax = Int(told == 0 ? Self.messageBytesDefault : told)
        partBytes = max(1, min(Self.partBytesDefault, messageBytesMax / 2))
    }

    /// How many messages' worth of parts the entry comes to: 1 for most.
    package func partCount(of entry: Entry) -> Int {
        isWhole(entry) ? 1 : (entry.value.count + partBytes - 1) / partBytes
    }

    /// One part of those.
    package func part(_ index: Int, of entry: Entry) -> Entry {
        if isWhole(entry) { return entry }
        let begin = index * partBytes
        let end = min(entry.value.count, begin + partBytes)
        var part = entry
        part.value = Array(entry.value[begin..<end])
        // The checksum is of the whole value, and is not looked at in parts.
        part.head.crc32c = nil
        if entry.head.valueBytes == 0 { part.head.valueBytes = UInt64(entry.value.count) }
        part.head.valueOffset = entry.head.valueOffset + UInt64(begin)
        return part
    }

    private func isWhole(_ entry: Entry) -> Bool {
        let tagBytes = entry.tags.reduce(0) { $0 + $1.utf8.count + 5 }
        let around = entry.key.count + entry.namespace.utf8.count + tagBytes + Self.overheadBytes
        return entry.value.count + around <= messageBytesMax
    }
}
