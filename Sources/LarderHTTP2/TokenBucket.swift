/// An allowance that may be spent at once, and fills up again with time.
struct TokenBucket: Sendable {
    private static let nanosPerSecond: UInt64 = 1_000_000_000

    private let burst: UInt64
    private let nanosPerToken: UInt64
    private var left: UInt64
    private var filledAtNanos: UInt64?

    init(burst: Int, perSecond: Int) {
        self.burst = UInt64(clamping: burst)
        nanosPerToken =
            Self.nanosPerSecond / min(max(UInt64(clamping: perSecond), 1), Self.nanosPerSecond)
        left = self.burst
    }

    /// False: there is not as much, and what there is is gone.
    mutating func spend(_ count: UInt64, nowNanos: UInt64) -> Bool {
        fill(nowNanos: nowNanos)
        guard count <= left else {
            left = 0
            return false
        }
        left -= count
        return true
    }

    mutating func refund(_ count: UInt64) { left += min(count, burst - left) }

    private mutating func fill(nowNanos: UInt64) {
        guard let since = filledAtNanos else { return filledAtNanos = nowNanos }
        guard nowNanos > since else { return }
        let earned = (nowNanos - since) / nanosPerToken
        refund(earned)
        // What does not make a whole token yet stays to be earned.
        filledAtNanos = since + earned * nanosPerToken
    }
}
