import Synchronization

/// What the loads that can be continued have come to, by their `session_id`.
///
/// Holds at most a bounded number of sessions and forgets each some time after its last entry.
/// A stream takes a session over by opening it; the stream before it learns so at its next event.
package final class BulkSessions: Sendable {
    /// How far a load has come.
    package struct Progress: Sendable, Equatable {
        /// All entries below this index are dealt with.
        package var committed: UInt64 = 0
        package var stored: UInt64 = 0
        package var notAdmitted: UInt64 = 0
        package var conditionFailed: UInt64 = 0
        package var rejected: UInt64 = 0
        package var storedBytes: UInt64 = 0

        package init() {}
    }

    /// One stream's hold on a session.
    package struct Hold: Sendable {
        package let id: String
        // Grows with every opening, so that the newest stream can be told from those before.
        fileprivate let generation: UInt64
        /// What the streams before this one have come to.
        package let progress: Progress
    }

    private struct Session: Sendable {
        var generation: UInt64
        var progress: Progress
        var usedAtNanos: UInt64

        init(_ generation: UInt64, _ progress: Progress, _ usedAtNanos: UInt64) {
            self.generation = generation
            self.progress = progress
            self.usedAtNanos = usedAtNanos
        }
    }

    private struct State: Sendable {
        var sessions: [String: Session] = [:]
        var lastGeneration: UInt64 = 0
    }

    private let sessionsMax: Int
    private let keptNanos: UInt64
    private let state = Mutex(State())

    package init(sessionsMax: Int, keptNanos: UInt64) {
        self.sessionsMax = max(1, sessionsMax)
        self.keptNanos = keptNanos
    }

    package var count: Int { state.withLock { $0.sessions.count } }

    /// Begins or goes on with the session and takes it from any stream that had it.
    package func open(_ id: String, nowNanos: UInt64) -> Hold {
        state.withLock { state in
            state.lastGeneration += 1
            let generation = state.lastGeneration
            var progress = Progress()
            if let known = state.sessions[id], !isForgotten(known, nowNanos: nowNanos) {
                progress = known.progress
            }
            put(id, Session(generation, progress, nowNanos), into: &state, nowNanos: nowNanos)
            return Hold(id: id, generation: generation, progress: progress)
        }
    }

    /// Whether no newer stream has taken the session over.
    package func isHeld(by hold: Hold) -> Bool {
        state.withLock { state in
            guard let known = state.sessions[hold.id] else { return true }
            return known.generation == hold.generation
        }
    }

    /// Notes how far the load has come.  False: a newer stream has taken the session over.
    package func record(_ progress: Progress, for hold: Hold, nowNanos: UInt64) -> Bool {
        state.withLock { state in
            if let known = state.sessions[hold.id], known.generation != hold.generation {
                return false
            }
            // A session that had to make room for others comes back with its next entry.
            put(
                hold.id, Session(hold.generation, progress, nowNanos),
                into: &state, nowNanos: nowNanos)
            return true
        }
    }

    private func isForgotten(_ session: Session, nowNanos: UInt64) -> Bool {
        nowNanos > session.usedAtNanos && nowNanos - session.usedAtNanos > keptNanos
    }

    private func put(
        _ id: String, _ session: Session, into state: inout State, nowNanos: UInt64
    ) {
        if state.sessions[id] == nil, state.sessions.count >= sessionsMax {
            state.sessions = state.sessions.filter { !isForgotten($0.value, nowNanos: nowNanos) }
            if state.sessions.count >= sessionsMax,
                let oldest = state.sessions.min(by: { $0.value.usedAtNanos < $1.value.usedAtNanos })
            {
                state.sessions.removeValue(forKey: oldest.key)
            }
        }
        state.sessions[id] = session
    }
}
