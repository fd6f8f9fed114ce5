/// What one connection may make the server unpack.
///
/// The price of a compressed message is in what comes out, and a bomb is small where it goes in.
/// What comes in pays for `ratioFree` times as much; the rest is borrowed, and paid back with time.
/// Who owes more than `owedBytesMax` waits.
package struct InflateBudget {
    /// More than text, logs or JSON shrink.
    package static let ratioFree: UInt64 = 32
    package static let owedBytesMax: UInt64 = 16 << 20
    package static let paidBytesPerSecond: UInt64 = 16 << 20

    private static let nanosPerByte = 1_000_000_000 / paidBytesPerSecond

    private var owedBytes: UInt64 = 0
    private var paidAtNanos: UInt64 = 0

    package init() {}

    /// Whether nothing more may be unpacked for now.
    package mutating func isSpent(nowNanos: UInt64) -> Bool {
        if owedBytes > 0, nowNanos > paidAtNanos {
            let paid = (nowNanos - paidAtNanos) / Self.nanosPerByte
            owedBytes -= min(paid, owedBytes)
            // What does not make a whole byte yet stays to be paid.
            paidAtNanos += paid * Self.nanosPerByte
        }
        if owedBytes == 0 { paidAtNanos = nowNanos }
        return owedBytes > Self.owedBytesMax
    }

    /// Counts a message, whether all of it could be unpacked or not.
    package mutating func record(packedBytes: Int, unpackedBytes: Int) {
        let free = UInt64(packedBytes) * Self.ratioFree
        let unpacked = UInt64(unpackedBytes)
        if unpacked > free { owedBytes += unpacked - free }
    }
}
