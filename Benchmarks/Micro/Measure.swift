import Glibc
import Synchronization

/// Runs pieces of code for a number of rounds and prints what an operation took.
final class Measure {
    /// Odd, so that the median is one of them.
    static let rounds = 7

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

    /// Measures `threads` threads side by side, from the moment all are there until the last is
    /// done: the time that passed over the operations of all. Needs as many idle processors.
    func callAsFunction(
        _ name: String, threads: Int, operationsEach: Int,
        _ body: @escaping @Sendable (_ thread: Int, _ round: Int) -> Void
    ) async {
        guard isWanted(name) else { return }
        var rounds: [Double] = []
        for round in 1...Self.rounds {
            let gate = Gate()
            let spans = await withTaskGroup(of: (UInt64, UInt64).self) { group in
                for thread in 0..<threads {
                    group.addTask {
                        gate.arrived.add(1, ordering: .acquiringAndReleasing)
                        while gate.arrived.load(ordering: .acquiring) < threads {}
                        let start = Self.nanos(CLOCK_MONOTONIC)
                        body(thread, round)
                        return (start, Self.nanos(CLOCK_MONOTONIC))
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let start = spans.map(\.0).min() ?? 0
            let end = spans.map(\.1).max() ?? 0
            rounds.append(Double(end - start) / Double(threads * operationsEach))
        }
        tell(name, rounds)
    }

    /// How many times as much `fast` gets done as `slow` in the same time.
    func ratio(_ name: String, of fast: String, to slow: String) {
        guard let fast = medians[fast], let slow = medians[slow] else { return }
        print("\(padded(name)) \(fixed(slow / fast, 2)) x")
    }

    private func tell(_ name: String, _ rounds: [Double]) {
        let sorted = rounds.sorted()
        let median = sorted[sorted.count / 2]
        medians[name] = median
        let spread = "\(fixed(sorted.first ?? 0, 1)) to \(fixed(sorted.last ?? 0, 1))"
        print("\(padded(name)) \(fixed(median, 1)) ns (\(spread))")
    }

    private func padded(_ name: String) -> String {
        name + String(repeating: " ", count: max(1, 44 - name.utf8.count))
    }

    private func fixed(_ value: Double, _ digits: Int) -> String {
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((value * Double(scale)).rounded())
        let fraction = String(scaled % scale)
        let zeros = String(repeating: "0", count: digits - fraction.utf8.count)
        return "\(scaled / scale).\(zeros)\(fraction)"
    }

    private static func nanos(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        _ = unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Where threads wait for each other.
private final class Gate: Sendable {
    let arrived = Atomic<Int>(0)
}

/// Keeps the compiler from leaving out what is measured.
@inline(never)
func keep<Value>(_ value: Value) {}
