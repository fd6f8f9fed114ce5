import LarderGRPC
package import LarderHTTP2
package import LarderIO
package import LarderService
package import Logging

/// What the connections of one loop share, and which they are. Touched on that loop alone.
package final class LoopShared {
    let loop: EventLoop
    let services: Services
    let limits: ConnectionLimits
    /// What all sessions of the loop take their blocks from.
    package let sessionMemory = SessionMemory()
    let blocks: AnswerBlocks
    let logger: Logger
    private let gauges: ServerGauges
    /// What the gauges know of this loop's calls.
    private var toldCalls = 0
    var scratch: CallScratch
    private(set) var isDraining = false
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var patience = WatchClock()
    /// Looks at the connections while there are any: a server without one rests.
    private var lookTimer: Timer?
    private let quiet = LoopQuiet()
    private var spread: UInt64
    private var whenEmpty: (() -> Void)?

    package init(
        loop: EventLoop, services: Services, limits: ConnectionLimits, blocks: AnswerBlocks,
        logger: Logger, seed: UInt64, gauges: ServerGauges = ServerGauges()
    ) {
        self.loop = loop
        self.services = services
        self.limits = limits
        self.blocks = blocks
        self.logger = logger
        self.gauges = gauges
        spread = seed
        scratch = CallScratch(services)
    }

    /// A number at random for each connection. Source: Vigna, splitmix64.
    func nextSpread() -> UInt64 {
        spread &+= 0x9E37_79B9_7F4A_7C15
        var word = spread
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    func didOpen(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = connection
        gauges.addConnections(1)
        quiet.ends()
        if lookTimer == nil { startLooking() }
    }

    func didClose(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = nil
        gauges.addConnections(-1)
        gauges.addCallsBegun(connection.takeBegunCount())
        if connections.isEmpty {
            tellCalls(0)
            lookTimer?.cancel()
            lookTimer = nil
            if !isDraining { beginQuiet() }
        }
        tellIfEmpty()
    }

    private func startLooking() {
        let every = ConnectionTimes.lookMillis
        patience.begins(atNanos: loop.nowNanos)
        lookTimer = loop.timer(afterMillis: every, repeatMillis: every) { [weak self] in
            guard let self else { return }
            patience.looks(atNanos: loop.nowNanos)
            let now = watchNanos
            var calls = 0
            var begun: UInt64 = 0
            for connection in connections.values {
                connection.look(nowNanos: now)
                calls += connection.openCallCount
                begun += connection.takeBegunCount()
            }
            tellCalls(calls)
            gauges.addCallsBegun(begun)
            if connections.values.allSatisfy(\.isResting) { beginQuiet() } else { quiet.ends() }
        }
    }

    /// Gives back what is kept for the next ones to speak.
    private func beginQuiet() {
        quiet.begins(on: loop) { [weak self] in
            guard let self else { return }
            sessionMemory.letGo()
            services.giveBackIdle()
            loop.giveBackIdle()
        }
    }

    private func tellCalls(_ count: Int) {
        gauges.addCalls(count - toldCalls)
        toldCalls = count
    }

    /// The time by which peers are watched.
    var watchNanos: UInt64 { watchNanos(at: loop.nowNanos) }

    /// That time at the loop's time `nanos`.
    func watchNanos(at nanos: UInt64) -> UInt64 { patience.nanos(nanos) }

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
