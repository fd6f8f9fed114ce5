import LarderGRPC
import LarderHTTP2
package import LarderService

/// What does not go on, found by looking now and then.
extension ConnectionCalls {
    /// What ends the connection because it stands still, if it does.
    package mutating func overdue(
        nowNanos: UInt64, openedAtNanos: UInt64, times: ConnectionTimes
    ) -> Defence? {
        if !hasSeenSettings, nowNanos > openedAtNanos,
            nowNanos - openedAtNanos > times.handshakeNanos
        {
            return .handshakeTimeout
        }
        let awaited: UInt64? = hasSeenSettings && !hasSeenAcknowledgement ? 0 : nil
        if acknowledgement.look(awaited, nowNanos: nowNanos, maxNanos: times.handshakeNanos) {
            session.terminate(code: GoAwayCode.settingsTimeout)
            return .settingsTimeout
        }
        let list = session.openHeaderList.map { UInt64(clamping: $0) }
        let frame = session.isInsideControlFrame ? session.counters.framesReceived : nil
        if openList.look(list, nowNanos: nowNanos, maxNanos: times.headersNanos)
            || openFrame.look(frame, nowNanos: nowNanos, maxNanos: times.headersNanos)
        {
            return .headerTimeout
        }
        let sent = session.pendingBodyBytes > 0 ? session.counters.bodyBytesSent : nil
        let isSlow = egress.look(
            sent, nowNanos: nowNanos, maxNanos: times.unreadNanos,
            stepMin: ConnectionTimes.bytes(
                perSecond: times.unreadBytesPerSecondMin, in: times.unreadNanos))
        if isSlow || session.longestUnreadNanos(nowNanos: nowNanos) > times.unreadNanos {
            return .writeTimeout
        }
        return nil
    }

    /// Lets go of memory that was kept for the next calls, unless a call is open.
    ///
    /// - Returns: whether it did.
    package mutating func rest() -> Bool {
        guard session.rest() else { return false }
        slots.clearAll()
        tellPending()
        return true
    }

    /// Ends calls whose request does not come on.
    ///
    /// - Returns: whether there were any.
    package mutating func endStalled(nowNanos: UInt64, times: ConnectionTimes) -> Bool {
        var any = false
        for call in slots.openCalls
        where Self.isStalled(call, nowNanos: nowNanos, times: times) {
            services.defences.count(.requestTimeout)
            cancel(call, .requestStalled)
            any = true
        }
        for case .awaitingRequest(let stream, let method, let encodings, let deadlineNanos)
            in slots.awaiting
        {
            openAwaiting(stream, method, encodings, deadlineNanos: deadlineNanos)
        }
        if any, hasWaitingUploads { admitWaiting() }
        return any
    }

    private static func isStalled(
        _ call: OpenCall, nowNanos: UInt64, times: ConnectionTimes
    ) -> Bool {
        let isWaiting = call.upload.isWaiting
        // A wait that ends is progress, too.
        let mark = isWaiting ? ~call.receivedBytes : call.receivedBytes
        return call.progress.look(
            call.awaitsBytes ? mark : nil, nowNanos: nowNanos,
            maxNanos: isWaiting ? times.waitNanos : times.requestNanos,
            stepMin: isWaiting
                ? 1
                : ConnectionTimes.bytes(
                    perSecond: times.requestBytesPerSecondMin, in: times.requestNanos))
    }
}
