import CProcessor
import Glibc
import Synchronization

/// Runs pieces of code for a number of rounds and prints what an operation took.
final class Measure {
    /// Odd, so that the median is one of them.
    static let rounds = 7
    /// More, because they are sorted by how near the processors were.
    private static let roundsOfTwo = 15
    /// The longest trip of a cache line between processors that are near each other.
    private static let nearNanosMax = 150.0
    private static let near = ", near"
    private static let far = ", far"

    private let wanted: [String]
    private var medians: [String: Double] = [:]

    /// Measures what has a name that begins with one of `wanted`; everything if there is none.
    init(wanted: [String]) { self.wanted = wanted }

    /// Whether what has this name is measured.
    func isWanted(_ name: String) -> Bool {
        wanted.isEmpty || wanted.contains { name.hasPrefix($0) }
    }

    /// Measures one thread, in its own CPU time: other load on the machine counts as little as it
    /// can. Each round is one call of `body`, which does `operations` operations.
    func callAsFunction(_ name: String, operations: Int, _ body: (_ round: Int) -> Void) {
        guard isWanted(name) else { return }
        body(0)
        let rounds = (1...Self.rounds).map { round in
            let start = Self.nanos(CLOCK_THREAD_CPUTIME_ID)
            body(round)
            return Double(Self.nanos(CLOCK_THREAD_CPUTIME_ID) - start) / Double(operations)
        }
        tell(name, rounds)
    }

    /// Measures one thread alone, or two side by side from the moment both are there until the
    /// last is done: the time that passed over the operations of all. Needs as many idle
    /// processors. Two are told apart by how far from each other they were (`LineTrip`).
    func callAsFunction(
        _ name: String, threads: Int, operationsEach: Int,
        _ body: @escaping @Sendable (_ thread: Int, _ round: Int) -> Void
    ) async {
        guard isWanted(name) else { return }
        guard threads <= Int(processor_count()) else {
            return print("\(padded(name)) not measured: it needs \(threads) processors")
        }
        var rounds: [Round] = []
        for round in 1...(threads == 1 ? Self.rounds : Self.roundsOfTwo) {
            let gate = Gate()
            let spans = await withTaskGroup(of: Span.self) { group in
                for thread in 0..<threads {
                    group.addTask {
                        gate.arrived.add(1, ordering: .acquiringAndReleasing)
                        while gate.arrived.load(ordering: .acquiring) < threads {}
                        let before = threads == 1 ? 0 : gate.trip.nanos(thread: thread)
                        let start = Self.monotonicNanos()
                        body(thread, round)
                        let end = Self.monotonicNanos()
                        let after = threads == 1 ? 0 : gate.trip.nanos(thread: thread)
                        return Span(start: start, end: end, trips: (before, after))
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let start = spans.map(\.start).min() ?? 0
            let end = spans.map(\.end).max() ?? 0
            rounds.append(
                Round(
                    nanos: Double(end - start) / Double(threads * operationsEach),
                    isNear: spans.allSatisfy { max($0.trips.0, $0.trips.1) < Self.nearNanosMax },
                    isFar: spans.allSatisfy { min($0.trips.0, $0.trips.1) > Self.nearNanosMax }))
        }
        tell(name, rounds.map(\.nanos))
        guard threads > 1 else { return }
        tell(name + Self.near, rounds.filter(\.isNear).map(\.nanos))
        tell(name + Self.far, rounds.filter(\.isFar).map(\.nanos))
    }

    private struct Span: Sendable {
        var start: UInt64
        var end: UInt64
        /// What a cache line took before and after.
        var trips: (Double, Double)
    }

    private struct Round {
        var nanos: Double
        var isNear: Bool
        var isFar: Bool
    }

    /// How many times as much `fast` gets done as `slow` in the same time.
    func ratio(_ name: String, of fast: String, to slow: String) {
        for suffix in ["", Self.near, Self.far] {
            guard let fast = medians[fast + suffix],
                let slow = medians[slow + suffix] ?? medians[slow]
            else { continue }
            print("\(padded(name + suffix)) \(fixed(slow / fast, 2)) x")
        }
    }

    private func tell(_ name: String, _ rounds: [Double]) {
        guard !rounds.isEmpty else { return }
        let sorted = rounds.sorted()
        let median = sorted[sorted.count / 2]
        medians[name] = median
        let spread = "\(fixed(sorted.first ?? 0, 1)) to \(fixed(sorted.last ?? 0, 1))"
        print("\(padded(name)) \(fixed(median, 1)) ns (\(spread))")
    }

    private func padded(_ name: String) -> String {
        name + String(repeating: " ", count: max(1, 48 - name.utf8.count))
    }

    private func fixed(_ value: Double, _ digits: Int) -> String {
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((value * Double(scale)).rounded())
        let fraction = String(scaled % scale)
        let zeros = String(repeating: "0", count: digits - fraction.utf8.count)
        return "\(scaled / scale).\(zeros)\(fraction)"
    }

    static func monotonicNanos() -> UInt64 { nanos(CLOCK_MONOTONIC) }

    private static func nanos(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        _ = unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Where threads wait for each other.
private final class Gate: Sendable {
    let arrived = Atomic<Int>(0)
    let trip = LineTrip()
}

/// Keeps the compiler from leaving out what is measured.
@inline(never)
func keep<Value>(_ value: Value) {}
