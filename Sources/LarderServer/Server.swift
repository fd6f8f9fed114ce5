package import Logging

/// The server: listeners, connections and the cache behind them.
package enum Server {
    /// Listens, serves until it is told to stop, drains, and returns.
    package static func run(settings: Settings, logger: Logger) async throws(ServerError) {
        logger.info("starting", metadata: ["listen": .array(settings.listen.map { .string($0) })])
        throw .internalFault("nothing serves yet")
    }
}
