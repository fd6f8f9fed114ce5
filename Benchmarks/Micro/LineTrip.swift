import Synchronization

/// A cache line that two threads hand to each other: how far apart their processors are.
///
/// Virtual processors are moved about by their host. On one and the same machine a line takes
/// 50 ns at one moment and 280 ns at another, which decides what two threads can do together.
final class LineTrip: Sendable {
    private static let turns = 4_000

    private let turn = Atomic<Int>(0)

    /// The nanoseconds of one trip, when thread 0 and thread 1 call this at the same time.
    func nanos(thread: Int) -> Double {
        let start = Measure.monotonicNanos()
        for _ in 0..<Self.turns {
            while turn.load(ordering: .acquiring) != thread {}
            turn.store(1 - thread, ordering: .releasing)
        }
        return Double(Measure.monotonicNanos() - start) / Double(2 * Self.turns)
    }
}
