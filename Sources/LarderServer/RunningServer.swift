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

    private let settings: Settings
    private let logger: Logger
    private let services: Services
    private let places: ConnectionPlaces
    private let loops: [ServingLoop]
    private let stopping = Mutex(Stopping())

    private struct Stopping {
        var loopsLeft = 0
        var isDraining = false
        var isStopped = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    /// How long the ends of calls may take to reach their clients, after the drain timeout.
    private static let lastWordsMillis: UInt64 = 1_000
    /// How often entries whose time is over are looked for, and how many go at once.
    private static let expiryMillis: UInt64 = 100
    private static let expiriesMax = 10_000
    /// Descriptors that are no connections: files of the process, and what each loop waits with.
    private static let ownDescriptors = 64
    private static let descriptorsPerThread = 8

    package init(
        settings: Settings, logger: Logger, further: (any FurtherMethods)? = nil
    ) throws(ServerError) {
        self.settings = settings
        self.logger = logger
        let services = Self.makeServices(settings, further)
        self.services = services
        let sockets = try Self.listen(settings)
        boundAddresses = sockets.map(\.boundAddress)
        places = Self.makePlaces(settings, logger)
        do throws(IOError) {
            loops = try (0..<settings.threads).map { (index) throws(IOError) in
                try ServingLoop(
                    index: index, services: services, limits: ConnectionLimits(settings),
                    logger: logger)
            }
        } catch {
            throw .internalFault(error.description)
        }
        do throws(IOError) {
            try start(sockets)
        } catch {
            // Those that run would hold their threads and the addresses for ever.
            for loop in loops { loop.stop() }
            throw .internalFault(error.description)
        }
        var metadata: Logger.Metadata = [
            "listen": .array(boundAddresses.map { .string($0.description) }),
            "threads": "\(settings.threads)", "memory_bytes": "\(settings.memoryBytes)",
            "max_connections": "\(places.countMax)",
        ]
        if let entriesMax = settings.entriesMax { metadata["max_entries"] = "\(entriesMax)" }
        logger.info("serving", metadata: metadata)
        for address in sockets.map(\.boundAddress) where !address.isLoopback {
            logger.warning(
                "anyone who can reach this address can read and write the cache",
                metadata: ["address": "\(address)"])
        }
    }

    private static func makeServices(
        _ settings: Settings, _ further: (any FurtherMethods)?
    ) -> Services {
        let startedAt = Clock.unixNanos()
        var generator = SystemRandomNumberGenerator()
        var configuration = ServicesConfiguration(
            budgetBytes: settings.memoryBytes,
            nodeID: String(generator.next() as UInt64, radix: 16), serverVersion: Version.current,
            startedAtUnixNanos: startedAt)
        configuration.entriesMax = settings.entriesMax
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
        return Services(configuration, health: HealthState(.serving), using: &generator)
    }

    /// As many connections as were asked for, as far as there are descriptors for them.
    private static func makePlaces(_ settings: Settings, _ logger: Logger) -> ConnectionPlaces {
        let wanted = settings.peers.connectionsMax
        guard let descriptors = DescriptorLimit.raise() else {
            return ConnectionPlaces(countMax: wanted ?? .max)
        }
        let own = ownDescriptors + settings.threads * descriptorsPerThread
        let possible = max(1, descriptors - own)
        if let wanted, wanted > possible {
            logger.warning(
                "fewer connections than asked for: there are not enough descriptors",
                metadata: ["max_connections": "\(possible)", "descriptors": "\(descriptors)"])
        }
        return ConnectionPlaces(countMax: min(wanted ?? .max, possible))
    }

    private static func listen(_ settings: Settings) throws(ServerError) -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        for text in settings.listen {
            do throws(IOError) {
                sockets.append(try ListeningSocket(SocketAddress(parsing: text)))
            } catch {
                if error.isAddressInUse { throw .addressInUse(text) }
                throw .cannotListen(text, reason: error.message)
            }
        }
        return sockets
    }

    private func start(_ sockets: [ListeningSocket]) throws(IOError) {
        stopping.withLock { $0.loopsLeft = loops.count }
        let dealer = Dealer(loops, places: places, defences: services.defences)
        let services = services
        try loops[0].prepare { [logger] (loop: EventLoop) throws(IOError) in
            var listeners: [Listener] = []
            for socket in sockets {
                let listener = try Listener(loop: loop, socket: socket) { dealer.deal($0) }
                listener.onDropped = { count in
                    services.defences.count(.descriptorLimit, UInt64(clamping: count))
                }
                listeners.append(listener)
            }
            loop.timer(afterMillis: Self.expiryMillis, repeatMillis: Self.expiryMillis) {
                services.expire(nowNanos: loop.nowNanos, limit: Self.expiriesMax)
            }
            var log = DefenceLog(services.defences, logger)
            loop.timer(afterMillis: DefenceLog.everyMillis, repeatMillis: DefenceLog.everyMillis) {
                log.look()
            }
            return listeners
        }
        for loop in loops { try loop.start() }
    }

    // MARK: Stopping

    /// Health says no, nobody new is let in, every client is asked to go; calls that run may
    /// finish, within the drain timeout. May be called more than once.
    package func drain() {
        let isFirst = stopping.withLock { stopping in
            defer { stopping.isDraining = true }
            return !stopping.isDraining
        }
        guard isFirst else { return }
        logger.info("draining", metadata: ["timeout_ms": "\(settings.drainTimeoutMillis)"])
        services.health.phase = .shuttingDown
        // In this order: a loop must not be told empty before a connection that is dealt to it.
        loops[0].closeListeners { [settings, loops, weak self] in
            for loop in loops {
                loop.drain(
                    timeoutMillis: settings.drainTimeoutMillis,
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
        logger.info("stopped", metadata: metadata)
    }
}
