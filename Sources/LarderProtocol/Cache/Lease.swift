/// How a reader wants to take part in filling a missing item.
package struct Lease: MergedMessage {
    /// How long the winner may take to Set. 0: the namespace's default.
    package var holdMillis: UInt32
    /// How long a loser waits for the winner. 0: not at all.
    package var waitMillis: UInt32
    /// Grant the lease early when the item has less than this left to live.
    package var refreshAheadMillis: UInt32
    /// Take a stale value instead of waiting.
    package var acceptStale: Bool

    package init() { self.init(holdMillis: 0) }

    package init(
        holdMillis: UInt32, waitMillis: UInt32 = 0, refreshAheadMillis: UInt32 = 0,
        acceptStale: Bool = false
    ) {
        self.holdMillis = holdMillis
        self.waitMillis = waitMillis
        self.refreshAheadMillis = refreshAheadMillis
        self.acceptStale = acceptStale
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): holdMillis = try reader.uint32()
            case .varint(2): waitMillis = try reader.uint32()
            case .varint(3): refreshAheadMillis = try reader.uint32()
            case .varint(4): acceptStale = try reader.bool()
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.uint(1, UInt64(holdMillis))
        writer.uint(2, UInt64(waitMillis))
        writer.uint(3, UInt64(refreshAheadMillis))
        writer.bool(4, acceptStale)
    }
}
