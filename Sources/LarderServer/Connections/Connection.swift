import LarderGRPC
import LarderHTTP2
package import LarderIO
import LarderService
import Logging

/// One client: a byte stream joined to a session and its calls.
///
/// Lives on one loop. The stream keeps it alive until it is closed.
package final class Connection: ByteStreamDelegate {
    private let stream: ByteStream
    private let shared: LoopShared
    private let entrance: Entrance
    private var calls: ConnectionCalls
    private let emit: Emit
    private var goAwayTimer: Timer?
    /// Takes a long flush up again when the loop's other connections have had their turn.
    private var flushTimer: Timer?
    /// Asks again for room for requests that wait, while there are any.
    private var uploadTimer: Timer?
    /// Given back when the connection is gone.
    private let place: ConnectionPlace?
    private let openedAtNanos: UInt64
    private var heardAtNanos: UInt64
    private var writing = Standstill()
    private var aging: ConnectionAging
    /// Has been silent for a while, without a call.
    private(set) var isResting = false
    private var toldBegunCount: UInt64 = 0
    private var drainStage = DrainStage.serving
    /// What the last GOAWAY of a drain says beside its code.
    private var goAwayDebug = ""

    private enum DrainStage { case serving, noticed, goingAway }

    package init(
        _ stream: ByteStream, _ shared: LoopShared, _ entrance: Entrance = .open,
        place: ConnectionPlace? = nil
    ) {
        self.stream = stream
        self.shared = shared
        emit = { bytes, owner in
            let isTaken =
                if let owner {
                    stream.output.append(referencing: bytes, owner: owner)
                } else {
                    stream.output.append(copying: bytes)
                }
            precondition(isTaken, "the output has room for what the session may still emit")
            return stream.output.hasRoom
        }
        self.entrance = entrance
        self.place = place
        openedAtNanos = shared.watchNanos
        heardAtNanos = openedAtNanos
        aging = ConnectionAging(
            openedAtNanos: openedAtNanos, times: shared.limits.times, spread: shared.nextSpread())
        calls = ConnectionCalls(
            services: shared.services, blocks: shared.blocks, options: shared.limits.session,
            memory: shared.sessionMemory, gate: entrance.makeGate())
    }

    /// Begins to read, and sends the server's SETTINGS.
    package func start() {
        stream.delegate = self
        shared.didOpen(self)
        if let tls = entrance.tls {
            do throws(TLSError) {
                try stream.secure(server: tls.current)
            } catch {
                return stream.close()
            }
        }
        stream.start()
        stream.probe(
            afterSeconds: ConnectionTimes.probeSeconds,
            unacknowledgedMaxMillis: UInt32(
                clamping: (shared.limits.times.unreadNanos + ConnectionTimes.unacknowledgedNanos)
                    / nanosPerMilli))
        flush()
        if shared.isDraining { beginDrain() }
    }

    // MARK: The byte stream

    package func received(_ bytes: Span<UInt8>) {
        let nowNanos = shared.loop.nowNanos
        heardAtNanos = shared.watchNanos(at: nowNanos)
        isResting = false
        let end: TurnEnd
        do throws(HTTP2Error) {
            end = try calls.serve(
                bytes, on: stream, emit,
                outboundFramesCeiling: shared.limits.outboundFramesCeiling, nowNanos: nowNanos,
                scratch: &shared.scratch)
        } catch {
            return fail(error)
        }
        finish(end)
    }

    package func drained() { flush() }

    package func secured() {
        calls.gate?.principal = entrance.principal(certificateURIs: stream.peerURIs)
    }

    package func closed(_ error: IOError?) {
        if let error, error.isTLS {
            shared.logger.debug(
                "connection failed",
                metadata: ["peer": "\(stream.peerDescription)", "error": "\(error.message)"])
        }
        goAwayTimer?.cancel()
        flushTimer?.cancel()
        uploadTimer?.cancel()
        if !calls.hasOverspent, let code = calls.session.terminationCode, code != 0,
            code != GoAwayCode.settingsTimeout
        {
            shared.services.defences.count(.protocolFault)
        }
        calls.forgetAll()
        shared.didClose(self)
    }

    func close() { stream.close() }

    var openCallCount: Int { calls.session.openStreamCount }

    /// How many calls have begun since this was asked last.
    func takeBegunCount() -> UInt64 {
        let count = calls.session.counters.streamsOpened
        defer { toldBegunCount = count }
        return count - toldBegunCount
    }

    /// The session can say nothing more; what it has said already is still to reach the peer.
    private func fail(_ error: HTTP2Error) {
        shared.services.defences.count(Defence(error))
        shared.logger.debug(
            "connection failed",
            metadata: ["peer": "\(stream.peerDescription)", "error": "\(error)"])
        if !stream.isEnding {
            let goAway = calls.session.goAway(after: error)
            _ = stream.output.append(copying: goAway.span)
        }
        stream.closeAfterFlush()
    }

    private func flush() {
        finish(
            calls.flush(
                stream, emit, outboundFramesCeiling: shared.limits.outboundFramesCeiling,
                nowNanos: shared.loop.nowNanos, scratch: &shared.scratch))
    }

    /// Does what a turn has left to do.
    private func finish(_ end: TurnEnd) {
        if end.isEmpty, !stream.isReadingPaused { return }
        if end.contains(.broken) { return stream.close() }
        if end.contains(.partlyFlushed) { flushLater() }
        guard !stream.isEnding else { return }
        if end.contains(.wantsTimers) { startTimers() }
        if end.contains(.hasWaitingUploads) { admitLater() }
        if end.contains(.sawDrainPing), drainStage == .noticed { return goAway() }
        if end.contains(.over) { return finishStream() }
        holdBack(end)
    }

    private func finishStream() {
        // The peer has said GOAWAY, and its calls are over: it hears one as well.
        if !calls.hasOverspent, !calls.session.hasSentGoAway {
            calls.session.submitGoAway(code: 0)
            if calls.session.wantsWrite { return flush() }
        }
        stream.closeAfterFlush()
    }

    private func flushLater() {
        flushTimer?.cancel()
        flushTimer = shared.loop.timer(afterMillis: 0) { [weak self] in self?.flush() }
    }

    /// A peer that does not read is not read either, once much is waiting for it.
    private func holdBack(_ end: TurnEnd) {
        let isBehind = end.contains(.behind)
        if end.contains(.flooded) {
            shared.services.defences.count(.outputFlood)
            stream.close()
        } else if isBehind, !stream.isReadingPaused {
            shared.services.defences.count(.readingPaused)
            stream.pauseReading()
        } else if !isBehind, stream.isReadingPaused {
            stream.resumeReading()
        }
    }

    // MARK: Deadlines

    private func startTimers() {
        if !calls.deadlines.isEmpty {
            for (ref, atNanos) in calls.takeDeadlines() {
                guard let call = calls.openCall(ref) else { continue }
                call.setDeadline(timer(atNanos) { $0.deadlinePassed(ref) })
            }
        }
        if !calls.wakes.isEmpty {
            for (ref, atNanos) in calls.takeWakes() {
                guard let call = calls.openCall(ref) else { continue }
                call.setWake(timer(atNanos) { $0.wake(ref) })
            }
        }
    }

    private func timer(_ atNanos: UInt64, _ body: @escaping (Connection) -> Void) -> Timer {
        let now = shared.loop.nowNanos
        let millis = atNanos > now ? (atNanos - now + nanosPerMilli - 1) / nanosPerMilli : 0
        return shared.loop.timer(afterMillis: millis) { [weak self] in
            if let self { body(self) }
        }
    }

    private func wake(_ ref: StreamRef) {
        calls.wake(ref, nowNanos: shared.loop.nowNanos, scratch: &shared.scratch)
        flush()
    }

    private func deadlinePassed(_ ref: StreamRef) {
        guard calls.openCall(ref) != nil else { return }
        calls.cancel(ref, .deadlineExceeded)
        flush()
    }

    private func admitLater() {
        guard uploadTimer == nil else { return }
        uploadTimer = shared.loop.timer(afterMillis: ConnectionLimits.uploadWaitMillis) {
            [weak self] in
            guard let self else { return }
            uploadTimer = nil
            calls.admitWaiting()
            if calls.hasWaitingUploads { admitLater() }
            flush()
        }
    }

    /// Gives the connection up if it is dead, and calls whose requests do not come on. Called
    /// once a second.
    func look(nowNanos: UInt64) {
        guard !stream.isEnding else { return }
        let times = shared.limits.times
        if let defence = overdue(nowNanos: nowNanos) { return giveUp(defence) }
        if calls.endStalled(nowNanos: nowNanos, times: times) { flush() }
        startTimers()
        // Whom we do not read we cannot hear, and who was asked to go is not asked again.
        guard !stream.isReadingPaused, !shared.isDraining else { return }
        let step = aging.look(
            nowNanos: nowNanos, heardAtNanos: heardAtNanos,
            openCount: calls.session.openStreamCount,
            openedCount: calls.session.counters.streamsOpened)
        switch step {
        case .stay: restIfQuiet(nowNanos: nowNanos)
        case .ping:
            calls.session.ping(opaque: ConnectionCalls.keepalivePing)
            flush()
        case .giveUp: giveUp(.keepaliveTimeout)
        case .askToGo(let reason):
            shared.services.defences.count(Defence(reason))
            beginDrain(debug: reason.debug)
        case .end:
            calls.endAll(.draining)
            goAway()
            flush()
            stream.closeAfterFlush()
        }
    }

    /// A connection with nothing to do keeps no memory for what it may have to do again.
    private func restIfQuiet(nowNanos: UInt64) {
        guard !isResting, nowNanos > heardAtNanos,
            nowNanos - heardAtNanos > ConnectionLimits.restNanos
        else { return }
        isResting = calls.rest()
    }

    private func overdue(nowNanos: UInt64) -> Defence? {
        let times = shared.limits.times
        let unwritten = stream.unwrittenBytes
        let isStuck = writing.look(
            unwritten > 0 ? UInt64(unwritten) : nil, nowNanos: nowNanos,
            maxNanos: times.unreadNanos)
        if isStuck { return .writeTimeout }
        return calls.overdue(nowNanos: nowNanos, openedAtNanos: openedAtNanos, times: times)
    }

    private func giveUp(_ defence: Defence) {
        shared.services.defences.count(defence)
        shared.logger.debug(
            "connection given up",
            metadata: ["peer": "\(stream.peerDescription)", "reason": "\(defence.name)"])
        // What tells the peer why is written if the socket takes it at once.
        flush()
        if !stream.isEnding { stream.close() }
    }

    // MARK: Draining

    /// GOAWAY in two steps (RFC 9113, 6.8): the notice, and after a round trip the last stream.
    func beginDrain(debug: String = "") {
        guard drainStage == .serving else { return }
        drainStage = .noticed
        goAwayDebug = debug
        calls.beginDrain(nowNanos: shared.loop.nowNanos, scratch: &shared.scratch)
        goAwayTimer = shared.loop.timer(afterMillis: ConnectionLimits.goAwayDelayMillis) {
            [weak self] in
            self?.goAway()
        }
        flush()
    }

    private func goAway() {
        guard drainStage == .noticed else { return }
        drainStage = .goingAway
        goAwayTimer?.cancel()
        calls.continueDrain(debug: goAwayDebug)
        flush()
    }

    /// The time for running calls is over. The stream closes when the peer has read their ends.
    func endDrain() {
        calls.endAll(.draining)
        goAway()
        flush()
    }
}
