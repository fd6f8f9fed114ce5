import Synchronization

/// Whether the server wants calls, as every health check and every watcher is told.
///
/// Any thread may set it.  Who sets it then wakes the open Watch calls.
package final class HealthState: Sendable {
    package enum Phase: UInt8, Sendable, Equatable {
        case notServing = 0
        case serving = 1
        /// Not serving, and every Watch is to end.
        case shuttingDown = 2
    }

    private let rawPhase: Atomic<UInt8>

    package init(_ phase: Phase = .serving) {
        rawPhase = Atomic(phase.rawValue)
    }

    package var phase: Phase {
        get { Phase(rawValue: rawPhase.load(ordering: .acquiring)) ?? .notServing }
        set { rawPhase.store(newValue.rawValue, ordering: .releasing) }
    }

    package var isServing: Bool { phase == .serving }
}
