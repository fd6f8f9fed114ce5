package import LarderHTTP2
package import LarderIO
package import LarderService
package import Logging

/// What the connections of one loop share, and which they are. Touched on that loop alone.
package final class LoopShared {
    let loop: EventLoop
    let services: Services
    let sessionOptions: SessionOptions
    /// What all sessions of the loop take their blocks from.
    let sessionMemory = SessionMemory()
    let blocks: AnswerBlocks
    let logger: Logger
    let times: ConnectionTimes
    private let gauges: ServerGauges
    /// What the gauges know of this loop's calls.
    private var toldCalls = 0
    var scratch = CallScratch()
    private(set) var isDraining = false
    private var connections: [ObjectIdentifier: Connection] = [:]
    /// Looks at the connections while there are any: a server without one rests.
    private var lookTimer: Timer?
    private var whenEmpty: (() -> Void)?

    package init(
        loop: EventLoop, services: Services, sessionOptions: SessionOptions, blocks: AnswerBlocks,
        logger: Logger, times: ConnectionTimes = ConnectionTimes(),
        gauges: ServerGauges = ServerGauges()
    ) {
        self.loop = loop
        self.services = services
        self.sessionOptions = sessionOptions
        self.blocks = blocks
        self.logger = logger
        self.times = times
        self.gauges = gauges
    }

    func didOpen(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = connection
        gauges.addConnections(1)
        if lookTimer == nil { startLooking() }
    }

    func didClose(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = nil
        gauges.addConnections(-1)
        if connections.isEmpty {
            tellCalls(0)
            lookTimer?.cancel()
            lookTimer = nil
        }
        tellIfEmpty()
    }

    private func startLooking() {
        let every = ConnectionTimes.lookMillis
        lookTimer = loop.timer(afterMillis: every, repeatMillis: every) { [weak self] in
            guard let self else { return }
            let now = loop.nowNanos
            var calls = 0
            for connection in connections.values {
                connection.look(nowNanos: now, times: times)
                calls += connection.openCallCount
            }
            tellCalls(calls)
        }
    }

    private func tellCalls(_ count: Int) {
        gauges.addCalls(count - toldCalls)
        toldCalls = count
    }

    /// Asks every client to go; `whenEmpty` is called once, when the last one has gone.
    package func beginDrain(whenEmpty: @escaping () -> Void) {
        isDraining = true
        self.whenEmpty = whenEmpty
        for connection in connections.values { connection.beginDrain() }
        tellIfEmpty()
    }

    /// Ends the calls that still run.
    package func endDrain() {
        for connection in connections.values { connection.endDrain() }
    }

    /// Closes what is still open, whatever it has to say.
    package func closeAll() {
        for connection in connections.values { connection.close() }
    }

    private func tellIfEmpty() {
        guard isDraining, connections.isEmpty, let tell = whenEmpty else { return }
        whenEmpty = nil
        tell()
    }
}
