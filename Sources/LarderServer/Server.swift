import LarderHTTP2
import LarderIO
package import LarderService
package import Logging
import ServiceLifecycle
import UnixSignals

/// The server: listeners, connections and the cache behind them.
package enum Server {
    /// Listens, serves until SIGTERM or SIGINT, drains, and returns. `further` are methods to be
    /// served besides the server's own.
    package static func run(
        settings: Settings, logger: Logger, further: (any FurtherMethods)? = nil
    ) async throws(ServerError) {
        let service = ServerService(settings: settings, logger: logger, further: further)
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: service, failureTerminationBehavior: .cancelGroup)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.cancellationSignals = []
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as ServerError {
            throw error
        } catch {
            throw .internalFault("\(error)")
        }
    }
}

/// The server as a service of a group: a graceful shutdown drains it.
struct ServerService: Service {
    let settings: Settings
    let logger: Logger
    let further: (any FurtherMethods)?

    func run() async throws {
        let running = try RunningServer(settings: settings, logger: logger, further: further)
        let (drains, drainBegan) = AsyncStream.makeStream(of: Void.self)
        await withTaskGroup { group in
            group.addTask { await Self.endAtSecondSignal(running, drains) }
            await withGracefulShutdownHandler {
                await running.untilStopped()
            } onGracefulShutdown: {
                running.drain()
                drainBegan.finish()
            }
            group.cancelAll()
        }
    }

    /// The first signal is the group's; one that comes when the drain goes on ends it.
    private static func endAtSecondSignal(
        _ running: RunningServer, _ drains: AsyncStream<Void>
    ) async {
        for await _ in drains {}
        guard !Task.isCancelled else { return }
        for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
            return running.endNow()
        }
    }
}
