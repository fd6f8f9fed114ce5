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
    private let startedAtUnixNanos = Clock.unixNanos()
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

    /// The settings as they are now.
    var settings: Settings { live.current }

    /// Adopts what the configuration says when it is read again.
    func adopt(_ resolution: SettingsResolution) -> LiveSettings.Rereading {
        live.adopt(resolution, apply: apply)
    }

    /// What can be told of the process and its connections, which are `connectionsMax` at most.
    func metrics(connectionsMax: Int) -> ServerMetrics {
        ServerMetrics(
            connectionCount: gauges.connectionCount,
            connectionsMax: connectionsMax == .max ? nil : connectionsMax,
            callCount: gauges.callCount, callsBegunCount: gauges.callsBegunCount,
            startedAtUnixMillis: startedAtUnixNanos / nanosPerMilli,
            processorMillis: Clock.processorNanos() / nanosPerMilli,
            residentBytes: ResidentMemory.bytes)
    }

    private func apply(_ settings: Settings) {
        let (server, services) = parts.withLock { ($0.server, $0.services) }
        services?.setCacheBounds(
            budgetBytes: settings.memoryBytes, entriesMax: settings.entriesMax)
        server?.setConnectionsMax(settings.peers.connectionsMax)
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
