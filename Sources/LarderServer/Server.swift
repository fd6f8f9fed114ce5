import LarderHTTP2
import LarderIO
package import LarderService
package import Logging
import ServiceLifecycle
import UnixSignals

/// The server: listeners, connections and the cache behind them.
package enum Server {
    /// Listens, serves until SIGTERM or SIGINT, drains, and returns. `further` are methods to be
    /// served besides the server's own; `sources` tells where the settings come from, by their
    /// keys, and `reread` reads them again at a hang-up; `logLevel` is what the logger follows, if
    /// it can change.
    package static func run(
        settings: Settings, logger: Logger, further: (any FurtherMethods)? = nil,
        sources: [String: SettingSource] = [:], logLevel: SharedLogLevel? = nil,
        reread: RunningServer.Reread? = nil
    ) async throws(ServerError) {
        let service = ServerService(
            settings: settings, logger: logger, further: further, sources: sources,
            logLevel: logLevel, reread: reread)
        var configuration = ServiceGroupConfiguration(
            services: [
                // It ends by itself when it is drained by an operator's call.
                .init(
                    service: service, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .cancelGroup)
            ],
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
    let sources: [String: SettingSource]
    let logLevel: SharedLogLevel?
    let reread: RunningServer.Reread?

    func run() async throws {
        // From here on a hang-up does not end the process.
        let hangUps = await UnixSignalsSequence(trapping: .sighup)
        let running = try RunningServer(
            settings: settings, logger: logger, further: further, sources: sources,
            logLevel: logLevel)
        let (drains, drainBegan) = AsyncStream.makeStream(of: Void.self)
        await withTaskGroup { group in
            group.addTask { await Self.endAtSecondSignal(running, drains) }
            group.addTask {
                for await _ in hangUps { running.reload(reread) }
            }
            await withGracefulShutdownHandler {
                await running.untilStopped()
            } onGracefulShutdown: {
                running.drain()
                drainBegan.finish()
            }
            group.cancelAll()
        }
    }

    /// A signal that follows the first one so soon is the same one told twice: `timeout` tells a
    /// process and then its group.
    private static let echoTime = Duration.milliseconds(500)

    /// The first signal is the group's; one that comes when the drain goes on ends it.
    private static func endAtSecondSignal(
        _ running: RunningServer, _ drains: AsyncStream<Void>
    ) async {
        for await _ in drains {}
        let began = ContinuousClock.now
        guard !Task.isCancelled else { return }
        for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint)
        where began.duration(to: .now) >= echoTime {
            return running.endNow()
        }
    }
}
