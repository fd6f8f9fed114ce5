package import LarderGRPC
import Synchronization

/// How many calls have ended with each code but OK, since the start of the process.
///
/// One for all loops: it is touched when a call fails, and at no other time.
package final class FailureCounters: Sendable {
    private static let countMax = 17

    private let counts = InlineArray<17, Atomic<UInt64>> { _ in Atomic(0) }

    package init() {
        precondition(StatusCode.allCases.count <= Self.countMax, "every code has a counter")
    }

    /// Counts a call that has ended, if it has failed.
    package func count(_ code: StatusCode) {
        guard code != .ok else { return }
        counts[Int(code.rawValue)].wrappingAdd(1, ordering: .relaxed)
    }

    /// Every code but OK, those that never came too.
    package var all: [(code: StatusCode, count: UInt64)] {
        StatusCode.allCases.filter { $0 != .ok }
            .map { ($0, counts[Int($0.rawValue)].load(ordering: .relaxed)) }
    }
}
