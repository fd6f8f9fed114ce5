package import LarderIO
package import LarderService
package import Logging
import Synchronization

/// Loops on their threads, listeners on the first of them, and one cache for all.
///
/// The first loop accepts and deals the connections out in turn, so that few connections are
/// spread as evenly as many.
package final class RunningServer: Sendable {
    /// Where it listens, with the ports that the system chose.
    package let boundAddresses: [SocketAddress]
    /// Where it tells metrics and health.
    package let boundOpsAddresses: [SocketAddress]

    private let settings: Settings
    private let logger: Logger
    private let services: Services
    private let admin: AdminControl
    private let security: SecurityPlan
    private let places: ConnectionPlaces
    private let connectionsPossible: Int
    private let loops: [ServingLoop]
    private let stopping = Mutex(Stopping())

    private struct Stopping {
        var loopsLeft = 0
        var isDraining = false
        var isStopped = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    /// Reads the whole configuration again.
    package typealias Reread = @Sendable () throws(SettingsError) -> SettingsResolution

    /// How long the ends of calls may take to reach their clients, after the drain timeout.
    private static let lastWordsMillis: UInt64 = 1_000

    /// `sources` tells where the settings come from, by their keys; `logLevel` is what the logger
    /// follows, if it can change; `further` are methods besides the server's own.
    package init(
        settings: Settings, logger: Logger, further: (any FurtherMethods)? = nil,
        sources: [String: SettingSource] = [:], logLevel: SharedLogLevel? = nil
    ) throws(ServerError) {
        self.settings = settings
        self.logger = logger
        do throws(SettingsError) {
            security = try SecurityPlan(settings)
        } catch {
            throw .configuration(error.description)
        }
        let descriptors = DescriptorLimit.raise()
        try SystemNeeds.check(settings, descriptors: descriptors)
        let gauges = ServerGauges()
        let live = LiveSettings(settings, sources: sources, logLevel: logLevel)
        admin = AdminControl(live, gauges)
        let services = Self.makeServices(settings, further, admin.control)
        self.services = services
        let doors = try Door.all(settings, security)
        boundAddresses = doors.map(\.socket.boundAddress)
        let opsSockets = try settings.opsListen.map { (text) throws(ServerError) in
            try Door.listen(text)
        }
        boundOpsAddresses = opsSockets.map(\.boundAddress)
        connectionsPossible = SystemNeeds.connectionsPossible(
            settings, descriptors: descriptors, logger)
        places = ConnectionPlaces(
            countMax: min(settings.peers.connectionsMax ?? .max, connectionsPossible))
        do throws(IOError) {
            loops = try (0..<settings.threads).map { (index) throws(IOError) in
                try ServingLoop(
                    index: index, services: services, limits: ConnectionLimits(settings),
                    logger: logger, gauges: gauges)
            }
        } catch {
            throw .systemRefuses(error.description)
        }
        admin.attach(self, services)
        do throws(IOError) {
            try start(doors, opsSockets)
        } catch {
            // Those that run would hold their threads and the addresses for ever.
            for loop in loops { loop.stop() }
            throw .systemRefuses(error.description)
        }
        var metadata: Logger.Metadata = [
            "listen": .array(boundAddresses.map { .string($0.description) }),
            "threads": "\(settings.threads)", "memory_bytes": "\(settings.memoryBytes)",
            "max_connections": "\(places.countMax)",
        ]
        if !boundOpsAddresses.isEmpty {
            metadata["ops"] = .array(boundOpsAddresses.map { .string($0.description) })
        }
        if let entriesMax = settings.entriesMax { metadata["max_entries"] = "\(entriesMax)" }
        logger.info("serving", metadata: metadata)
        for address in boundAddresses where settings.insecurePublic && !address.isLoopback {
            logger.warning(
                "other machines come in without TLS or without credentials (--insecure-public)",
                metadata: ["address": "\(address)"])
        }
    }

    private static func makeServices(
        _ settings: Settings, _ further: (any FurtherMethods)?, _ control: ServerControl
    ) -> Services {
        let startedAt = Clock.unixNanos()
        var configuration = ServicesConfiguration(
            budgetBytes: settings.memoryBytes,
            nodeID: String(randomWord(), radix: 16), serverVersion: Version.current,
            startedAtUnixNanos: startedAt)
        configuration.startedAtNanos = Clock.loopNanos()
        configuration.entriesMax = settings.entriesMax
        configuration.threadCount = settings.threads
        configuration.missCost = settings.missCost
        configuration.limits.keyBytesMax = settings.keyBytesMax
        configuration.limits.valueBytesMax = settings.valueBytesMax
        configuration.limits.inlineBytesMax = settings.inlineBytesMax
        configuration.limits.messageBytesMax = settings.messageBytesMax
        configuration.limits.adopt(
            uploadBytesMax: Int(clamping: settings.peers.uploadBytesMax),
            egressBytesMax: Int(clamping: settings.peers.egressBytesMax))
        configuration.reflection = settings.reflection
        configuration.compression = settings.compression
        configuration.further = further
        configuration.control = control
        return Services(configuration, health: HealthState(.serving), randomWord: randomWord)
    }

    private static func randomWord() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }

    /// Lets in so many connections from now on, as far as there are descriptors; nil: as many.
    func setConnectionsMax(_ wanted: Int?) {
        places.countMax = min(wanted ?? .max, connectionsPossible)
    }

    private func start(_ doors: [Door], _ opsSockets: [ListeningSocket]) throws(IOError) {
        stopping.withLock { $0.loopsLeft = loops.count }
        let dealer = Dealer(loops, places: places, defences: services.defences)
        let services = services
        let places = places
        let pages = OpsPages(health: services.health) { [admin] in
            var text = MetricsText()
            services.writeMetrics(to: &text)
            admin.metrics(connectionsMax: places.countMax).write(to: &text)
            return text
        }
        try loops[0].prepare { [logger] (loop: EventLoop) throws(IOError) in
            var listeners = ServingLoop.Listeners()
            let expiry = ExpiryWatch(loop, services, places)
            for door in doors {
                let entrance = door.entrance
                let listener = try Listener(loop: loop, socket: door.socket) {
                    dealer.deal($0, at: entrance)
                    expiry.connectionCame()
                }
                listener.onDropped = { count in
                    services.defences.count(.descriptorLimit, UInt64(clamping: count))
                }
                listeners.ofClients.append(listener)
            }
            let opsPlaces = ConnectionPlaces(countMax: OpsConnection.countMax)
            listeners.ofOps = try opsSockets.map { (socket) throws(IOError) in
                try Listener(loop: loop, socket: socket) { (stream: ByteStream) in
                    guard let place = opsPlaces.take() else { return stream.close() }
                    OpsConnection(stream, pages, place: place).start(on: loop)
                }
            }
            var log = DefenceLog(services.defences, logger)
            loop.timer(afterMillis: DefenceLog.everyMillis, repeatMillis: DefenceLog.everyMillis) {
                log.look()
            }
            return listeners
        }
        for loop in loops { try loop.start() }
    }

    /// Reads certificates and tokens again, for connections and calls from now on, and adopts what
    /// `reread` brings, if it is given. What is wrong is logged, and then the old ones stay.
    package func reload(_ reread: Reread? = nil) {
        do throws(SettingsError) {
            try security.reload()
            logger.info("certificates and tokens are read again")
        } catch {
            logger.error(
                "certificates and tokens stay as they were", metadata: ["reason": "\(error)"])
        }
        guard let reread else { return }
        do throws(SettingsError) {
            let rereading = admin.adopt(try reread())
            if !rereading.changed.isEmpty {
                logger.info(
                    "settings have changed",
                    metadata: ["settings": "\(rereading.changed.joined(separator: ","))"])
            }
            if !rereading.needsRestart.isEmpty {
                logger.warning(
                    "settings wait for a restart",
                    metadata: ["settings": "\(rereading.needsRestart.joined(separator: ","))"])
            }
        } catch {
            logger.error("settings stay as they were", metadata: ["reason": "\(error)"])
        }
    }

    // MARK: Stopping

    /// Health says no, nobody new is let in, every client is asked to go; calls that run may
    /// finish, within `timeoutMillis` or what the settings say. May be called more than once.
    package func drain(timeoutMillis: UInt64? = nil) {
        let timeoutMillis = timeoutMillis ?? admin.settings.drainTimeoutMillis
        let isFirst = stopping.withLock { stopping in
            defer { stopping.isDraining = true }
            return !stopping.isDraining
        }
        guard isFirst else { return }
        logger.info("draining", metadata: ["timeout_ms": "\(timeoutMillis)"])
        services.health.phase = .shuttingDown
        // In this order: a loop must not be told empty before a connection that is dealt to it.
        loops[0].closeListeners { [loops, weak self] in
            for loop in loops {
                loop.drain(
                    timeoutMillis: timeoutMillis,
                    lastWordsMillis: Self.lastWordsMillis
                ) { [weak self] in
                    self?.loopIsEmpty()
                }
            }
        }
    }

    /// Cuts a drain short: every connection is closed at once, whatever it has to say.
    package func endNow() {
        drain()
        logger.warning("ending at once, calls that run are cut")
        // Behind what `drain` has submitted to the same loops.
        loops[0].whenReached { [loops] in
            for loop in loops { loop.closeAll() }
        }
    }

    private func loopIsEmpty() {
        let waiter = stopping.withLock { stopping in
            stopping.loopsLeft -= 1
            guard stopping.loopsLeft == 0 else { return nil as CheckedContinuation<Void, Never>? }
            stopping.isStopped = true
            defer { stopping.waiter = nil }
            return stopping.waiter
        }
        waiter?.resume()
    }

    /// Returns when every loop has drained and its thread has ended.
    package func untilStopped() async {
        await withCheckedContinuation { continuation in
            let isStopped = stopping.withLock { stopping in
                if !stopping.isStopped { stopping.waiter = continuation }
                return stopping.isStopped
            }
            if isStopped { continuation.resume() }
        }
        for loop in loops { loop.stop() }
        var metadata: Logger.Metadata = [:]
        for (name, count) in services.summary { metadata[name] = "\(count)" }
        if let credentials = security.credentials {
            metadata["unauthenticated"] = "\(credentials.failureCount)"
        }
        logger.info("stopped", metadata: metadata)
    }
}
