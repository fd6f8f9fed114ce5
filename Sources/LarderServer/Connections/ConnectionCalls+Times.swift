import LarderGRPC
import LarderHTTP2
import LarderService

/// What does not go on, found by looking now and then.
extension ConnectionCalls {
    /// Why the connection is of no more use, if it is so.
    package mutating func deadReason(
        nowNanos: UInt64, openedAtNanos: UInt64, times: ConnectionTimes
    ) -> StaticString? {
        if !hasSeenSettings, nowNanos > openedAtNanos,
            nowNanos - openedAtNanos > times.handshakeNanos
        {
            return "no handshake"
        }
        let list = session.openHeaderList.map { UInt64(clamping: $0) }
        if openList.look(list, nowNanos: nowNanos, maxNanos: times.headersNanos) {
            return "an unfinished header list"
        }
        if session.longestUnreadNanos(nowNanos: nowNanos) > times.unreadNanos {
            return "unread answers"
        }
        return nil
    }

    /// Ends calls whose request does not come on.
    ///
    /// - Returns: whether there were any.
    package mutating func endStalled(nowNanos: UInt64, times: ConnectionTimes) -> Bool {
        var any = false
        for index in slots.indices {
            switch slots[index] {
            case .over, .plain: break
            case .awaitingRequest(let stream, let method, let encodings, let deadlineNanos):
                openAwaiting(stream, method, encodings, deadlineNanos: deadlineNanos)
            case .open(let call):
                guard Self.isStalled(call, nowNanos: nowNanos, times: times) else { continue }
                cancel(call, .requestStalled)
                any = true
            }
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
            maxNanos: isWaiting ? times.waitNanos : times.requestNanos)
    }
}
