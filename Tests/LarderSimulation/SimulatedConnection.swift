import LarderGRPC
import LarderHTTP2
import LarderServer
import LarderService

/// The server's end of a connection: does what `Connection` does, with a socket, a clock and timers
/// that obey the simulation.
final class SimulatedConnection {
    /// Bytes that wait in the output before the session is asked for no more.
    private static let outputBytesMax = 40_000
    private static let outboundFramesMax = 40
    private static let pendingBodyBytesMax = 200_000
    private static let flushRoundsMax = 8

    private var calls: ConnectionCalls
    private(set) var output = ServerOutput()
    private var watch = FrameWatch()
    private let services: Services
    private let openedAtNanos: UInt64
    private var deadlines: [(stream: StreamRef, atNanos: UInt64)] = []
    private var drainStage = 0

    /// The session has failed: when its output is written the connection is over.
    private var isFailing = false

    init(_ services: Services, options: SessionOptions, memory: SessionMemory, nowNanos: UInt64) {
        self.services = services
        openedAtNanos = nowNanos
        calls = ConnectionCalls(
            services: services, blocks: AnswerBlocks(), options: options, memory: memory)
    }

    // MARK: Bytes

    /// A server does not read from a peer that does not.
    var isReadingPaused: Bool {
        !output.isEmpty
            && (calls.session.outboundQueueCount > Self.outboundFramesMax
                || calls.session.pendingBodyBytes > Self.pendingBodyBytesMax)
    }

    /// What `bytes` mean to the server, told before it hears them itself.
    func watch(_ bytes: ArraySlice<UInt8>, tell: (FrameWatch.Sight) -> Void) {
        watch.watch(bytes, tell: tell)
    }

    func receive(_ bytes: [UInt8], nowNanos: UInt64, scratch: inout CallScratch) {
        guard !isFailing else { return }
        do throws(HTTP2Error) {
            try calls.receive(bytes.span, nowNanos: nowNanos, scratch: &scratch)
        } catch {
            isFailing = true
            return
        }
        deadlines += calls.takeDeadlines()
        if drainStage == 1, calls.hasSeenDrainPing { goAway() }
    }

    /// Fills the output while it is empty and the socket takes it, as `Connection.flush` does;
    /// `write` offers it to the socket.
    ///
    /// - Throws: what the session cannot say any more.
    func flush(
        nowNanos: UInt64, scratch: inout CallScratch,
        write: (inout ServerOutput) -> Void
    ) throws(HTTP2Error) {
        var more = !isFailing
        var rounds = 0
        while more, output.isEmpty, rounds < Self.flushRoundsMax {
            try fill()
            let isMoving = !output.isEmpty
            write(&output)
            let hasNews = calls.handleDrained(nowNanos: nowNanos, scratch: &scratch)
            more = (isMoving || hasNews) && calls.session.wantsWrite
            rounds += 1
        }
    }

    private func fill() throws(HTTP2Error) {
        try calls.session.drain { [self] bytes, owner in
            output.append(bytes, owner: owner)
            return output.byteCount < Self.outputBytesMax
        }
    }

    /// Offers the socket what is left of the output.
    func write(_ write: (inout ServerOutput) -> Void) { write(&output) }

    /// The connection closes when its last bytes are written.
    var isFinished: Bool { output.isEmpty && (isFailing || calls.session.isFinished) }

    // MARK: Time

    /// Timers that have run out.
    func passTime(nowNanos: UInt64) {
        let due = deadlines.filter { $0.atNanos <= nowNanos }
        deadlines.removeAll { $0.atNanos <= nowNanos }
        for (stream, _) in due { calls.cancel(stream, .deadlineExceeded) }
        if calls.hasWaitingUploads { calls.admitWaiting() }
    }

    /// The look that is taken once a second: why the connection is to be given up, if it is.
    func look(nowNanos: UInt64, times: ConnectionTimes) -> String? {
        if let reason = calls.overdue(
            nowNanos: nowNanos, openedAtNanos: openedAtNanos, times: times)
        {
            return "\(reason)"
        }
        _ = calls.endStalled(nowNanos: nowNanos, times: times)
        deadlines += calls.takeDeadlines()
        return nil
    }

    // MARK: Draining

    func beginDrain(nowNanos: UInt64, scratch: inout CallScratch) {
        guard drainStage == 0 else { return }
        drainStage = 1
        calls.beginDrain(nowNanos: nowNanos, scratch: &scratch)
    }

    func goAway() {
        guard drainStage == 1 else { return }
        drainStage = 2
        calls.continueDrain()
    }

    func endDrain() {
        calls.endAll(.draining)
        goAway()
    }

    // MARK: Ends

    func forgetAll() {
        calls.forgetAll()
        output.clear()
    }

    /// What is left although nothing is open any more.
    var leftovers: [String] {
        var left: [String] = []
        if calls.session.openStreamCount > 0 { left.append("open streams") }
        if calls.session.usedSlotCount > 0 { left.append("used slots") }
        if calls.session.pendingBodyBytes > 0 { left.append("pending body bytes") }
        if calls.session.outboundQueueCount > 0 { left.append("queued frames") }
        if calls.hasWaitingUploads { left.append("waiting uploads") }
        return left
    }
}
