import LarderIO
import LarderService
import Logging
import Synchronization

/// One event loop, its thread and its connections.
final class ServingLoop: Sendable {
    private let loop: EventLoop
    private let shared: LoopBound<LoopShared>
    private let listeners: LoopBound<ListenerBox>
    private let thread = Mutex<LoopThread?>(nil)
    private let name: String

    /// What is listened to; it belongs to the loop, and is closed on it.
    struct Listeners {
        /// Closed when the server begins to drain.
        var ofClients: [Listener] = []
        /// Closed when the loop ends.
        var ofOps: [Listener] = []
    }

    private final class ListenerBox {
        var listeners = Listeners()
    }

    init(
        index: Int, services: Services, limits: ConnectionLimits, logger: Logger,
        gauges: ServerGauges
    ) throws(IOError) {
        var generator = SystemRandomNumberGenerator()
        loop = try EventLoop()
        name = "larder-\(index)"
        shared = LoopBound(
            LoopShared(
                loop: loop, services: services, limits: limits, blocks: AnswerBlocks(),
                logger: logger, seed: generator.next(), gauges: gauges), on: loop)
        listeners = LoopBound(ListenerBox(), on: loop)
    }

    /// Sets listeners up, before `start`.
    func prepare(
        _ makeListeners: (EventLoop) throws(IOError) -> Listeners
    ) throws(IOError) {
        listeners.value.listeners = try makeListeners(loop)
    }

    func start() throws(IOError) {
        let started = try LoopThread(name: name) { [loop] in loop.run() }
        thread.withLock { $0 = started }
    }

    /// Serves a connection that another loop may have accepted. Any thread may call this.
    func adopt(_ socket: AcceptedSocket, at entrance: Entrance, place: ConnectionPlace) {
        loop.submit { [shared] in
            let shared = shared.value
            // A peer that is gone already is no event worth telling.
            guard let stream = try? ByteStream(loop: shared.loop, adopting: socket) else { return }
            Connection(stream, shared, entrance, place: place).start()
        }
    }

    /// Lets nobody in any more but those who are connected already; `then` is called on the loop,
    /// when all that were let in have been dealt out.
    func closeListeners(then: @escaping @Sendable () -> Void) {
        loop.submit { [listeners] in
            for listener in listeners.value.listeners.ofClients { listener.closeAfterAccepting() }
            listeners.value.listeners.ofClients = []
            then()
        }
    }

    /// Calls back on the loop, after the jobs that it has already.
    func whenReached(_ body: @escaping @Sendable () -> Void) { loop.submit(body) }

    /// Drains the loop; `whenEmpty` is called on it once, when the last connection is gone.
    func drain(
        timeoutMillis: UInt64, lastWordsMillis: UInt64, whenEmpty: @escaping @Sendable () -> Void
    ) {
        loop.submit { [shared] in
            let shared = shared.value
            shared.beginDrain(whenEmpty: whenEmpty)
            shared.loop.timer(afterMillis: timeoutMillis) { shared.endDrain() }
            shared.loop.timer(afterMillis: timeoutMillis &+ lastWordsMillis) { shared.closeAll() }
        }
    }

    /// Closes every connection at once, after `drain`.
    func closeAll() {
        loop.submit { [shared] in shared.value.closeAll() }
    }

    /// Ends the loop and waits for its thread.
    func stop() {
        loop.stop()
        thread.withLock { $0 }?.join()
        loop.closeAll()
    }
}

/// Deals connections out to loops in turn.
final class Dealer: Sendable {
    private let loops: [ServingLoop]
    private let places: ConnectionPlaces
    private let defences: DefenceCounters
    private let next = Atomic<Int>(0)

    init(_ loops: [ServingLoop], places: ConnectionPlaces, defences: DefenceCounters) {
        self.loops = loops
        self.places = places
        self.defences = defences
    }

    /// Closes the connection if there are as many as there may be.
    func deal(_ socket: AcceptedSocket, at entrance: Entrance) {
        guard let place = places.take() else { return defences.count(.connectionLimit) }
        let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
        loops[abs(turn % loops.count)].adopt(socket, at: entrance, place: place)
    }
}
