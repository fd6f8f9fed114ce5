import LarderService
import Synchronization

/// The server as its administration sees it, made before the server itself.
final class AdminControl: Sendable {
    private struct Parts {
        weak var server: RunningServer?
        weak var services: Services?
    }

    private let live: LiveSettings
    private let gauges: ServerGauges
    private let startedAt = ContinuousClock.now
    private let parts = Mutex(Parts())

    init(_ live: LiveSettings, _ gauges: ServerGauges) {
        self.live = live
        self.gauges = gauges
    }

    /// From here on changes take effect.
    func attach(_ server: RunningServer, _ services: Services) {
        parts.withLock { $0 = Parts(server: server, services: services) }
    }

    var control: ServerControl {
        ServerControl(
            facts: { self.facts },
            settings: { self.live.all },
            change: { self.live.change($0, apply: self.apply) },
            shutDown: { timeoutMillis in
                self.parts.withLock { $0.server }?.drain(timeoutMillis: timeoutMillis)
            })
    }

    private func apply(_ settings: Settings) {
        guard let services = parts.withLock({ $0.services }) else { return }
        services.setCacheBounds(
            budgetBytes: settings.memoryBytes, entriesMax: settings.entriesMax)
    }

    private var facts: ServerControl.Facts {
        var facts = ServerControl.Facts()
        let uptime = startedAt.duration(to: .now).components
        facts.uptimeMillis =
            UInt64(clamping: uptime.seconds) * 1_000
            + UInt64(clamping: uptime.attoseconds / 1_000_000_000_000_000)
        facts.residentBytes = ResidentMemory.bytes
        facts.connections = UInt32(clamping: gauges.connectionCount)
        facts.callsInFlight = UInt64(clamping: gauges.callCount)
        return facts
    }
}
