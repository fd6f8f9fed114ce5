/// Moments that pass about as fast as writes do, without a look at the clock for each.
///
/// Versions go by the clock: were it to stand still, they would run ahead of it, and entries would
/// have to keep them beside their stamps.
struct Moments {
    private static let stepNanos: UInt64 = 200

    private var now = Measure.monotonicNanos()

    @inline(__always)
    mutating func next() -> UInt64 {
        now &+= Self.stepNanos
        return now
    }
}
