/// When an entry was written, in ticks of the caller's clock.
///
/// A cache numbers its writes by the clock, so the stamp of an entry is its version, too, counted
/// from the cache's first. Only an entry whose version is another one, because the writer brought
/// it or the item that was replaced is ahead of the clock, keeps that beside the stamp.
enum EntryStamp {
    /// A tick is 256 ns: seldom do writes of one shard meet in one, and 48 bits last 2.2 years.
    static let nanosPerTick: UInt64 = 256
    static let bits: UInt64 = 48
    /// By so many ticks, 67 ms, a stamp may be ahead of the clock: writes within one tick are
    /// numbered one after the other.
    private static let leadMax: UInt64 = 1 << 18

    @inline(__always)
    static func ticks(_ nanos: UInt64) -> UInt64 { nanos / nanosPerTick }

    /// Whether no stamp of 48 bits is left for this moment.
    @inline(__always)
    static func isOutgrown(_ nowNanos: UInt64) -> Bool { ticks(nowNanos) >> bits != 0 }

    /// Whether the version of a write at this moment, counted from the cache's first, can be its
    /// stamp.
    @inline(__always)
    static func suits(_ number: UInt64, nowNanos: UInt64) -> Bool {
        let now = ticks(nowNanos)
        return number >= now && number - now <= leadMax && number >> bits == 0
    }
}
