import LarderIO
import LarderService

/// Gives back the memory of entries whose time is over, and what the cache wants to move, when
/// there is some: a server that nobody speaks to sleeps until then.
final class ExpiryWatch {
    /// How many entries go at once.
    static let entriesMax = 10_000

    // The listeners' callbacks hold the watch and the loop holds its timer: neither holds the loop.
    private unowned let loop: EventLoop
    private let services: Services
    private let places: ConnectionPlaces
    private var timer: Timer?
    /// The next look is planned for a time in which nobody comes.
    private var isResting = true

    /// `places` are those of all connections, taken on this loop before `connectionCame`.
    init(_ loop: EventLoop, _ services: Services, _ places: ConnectionPlaces) {
        self.loop = loop
        self.services = services
        self.places = places
    }

    /// From now on entries may come.
    func connectionCame() {
        guard isResting else { return }
        isResting = false
        timer?.cancel()
        look(afterMillis: ExpiryPlan.newsMillis)
    }

    private func look(afterMillis: UInt64) {
        timer = loop.timer(afterMillis: afterMillis) { [weak self] in self?.look() }
    }

    private func look() {
        timer = nil
        isResting = places.count == 0
        services.expire(nowNanos: loop.nowNanos, limit: Self.entriesMax)
        let wait = ExpiryPlan.waitMillis(
            dueNanos: services.nextDueNanos(), nowNanos: loop.nowNanos,
            hasConnections: !isResting)
        if let wait { look(afterMillis: wait) }
    }
}

/// When to look for entries whose time is over.
package enum ExpiryPlan {
    /// Between two looks while there is always something to do.
    package static let busyMillis: UInt64 = 100
    /// How long what a client has just stored may lie beyond its time, at most.
    package static let newsMillis: UInt64 = 1_000
    /// A longer wait is cut in pieces.
    package static let waitMillisMax: UInt64 = 24 * 3_600 * 1_000

    /// Until the next look; nil: there is nothing to look for before a client comes.
    package static func waitMillis(
        dueNanos: UInt64?, nowNanos: UInt64, hasConnections: Bool
    ) -> UInt64? {
        let ceiling = hasConnections ? newsMillis : waitMillisMax
        guard let dueNanos else { return hasConnections ? ceiling : nil }
        let nanos = dueNanos > nowNanos ? dueNanos - nowNanos : 0
        return min(max(nanos / nanosPerMilli, busyMillis), ceiling)
    }
}
