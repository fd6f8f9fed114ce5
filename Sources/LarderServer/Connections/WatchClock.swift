/// A clock that stands still while this process does: peers are not to blame for a time in which
/// nobody could hear them, because the process was stopped or its machine was overloaded.
package struct WatchClock {
    /// Between two looks as they are meant to come; what is beyond twice that is not theirs.
    private static let everyNanos = ConnectionTimes.lookMillis * 1_000_000

    private var skippedNanos: UInt64 = 0
    private var lookedAtNanos: UInt64?

    package init() {}

    /// Looks are made again from here on.
    package mutating func begins(atNanos nanos: UInt64) { lookedAtNanos = nanos }

    /// To be called at each look, with the loop's time.
    package mutating func looks(atNanos nanos: UInt64) {
        if let since = lookedAtNanos, nanos > since, nanos - since > 2 * Self.everyNanos {
            skippedNanos += nanos - since - Self.everyNanos
        }
        lookedAtNanos = nanos
    }

    /// The watch's time at the loop's time `nanos`.
    package func nanos(_ nanos: UInt64) -> UInt64 { nanos - min(nanos, skippedNanos) }
}
