import LarderHTTP2
import LarderIO

/// What serving its calls leaves a connection to do; nothing after most turns.
struct TurnEnd: OptionSet {
    let rawValue: UInt8

    /// The session can say nothing more.
    static let broken = TurnEnd(rawValue: 1)
    /// There is more to be written, when the loop's other connections have had their turn.
    static let partlyFlushed = TurnEnd(rawValue: 1 << 1)
    /// Calls want timers.
    static let wantsTimers = TurnEnd(rawValue: 1 << 2)
    /// Requests wait for room.
    static let hasWaitingUploads = TurnEnd(rawValue: 1 << 3)
    /// The PING of a drain was acknowledged.
    static let sawDrainPing = TurnEnd(rawValue: 1 << 4)
    /// Nothing more is said or heard.
    static let over = TurnEnd(rawValue: 1 << 5)
    /// Much is waiting for a peer that does not read.
    static let behind = TurnEnd(rawValue: 1 << 6)
    /// And more than may wait.
    static let flooded = TurnEnd(rawValue: 1 << 7)
}

/// One turn of a connection: what has come is done, and what is to be said is written.
// All of it in one access to the calls: each access to a connection's property is checked.
extension ConnectionCalls {
    /// Takes bytes from the peer, does what they ask for, and writes the answers.
    mutating func serve(
        _ bytes: Span<UInt8>, on stream: ByteStream, _ emit: @escaping Emit,
        outboundFramesCeiling: Int, nowNanos: UInt64, scratch: inout CallScratch
    ) throws(HTTP2Error) -> TurnEnd {
        try receive(bytes, nowNanos: nowNanos, scratch: &scratch)
        return flush(
            stream, emit, outboundFramesCeiling: outboundFramesCeiling, nowNanos: nowNanos,
            scratch: &scratch)
    }

    /// Serialises what the session has to say and writes it, until the session or the socket has
    /// had enough, or the others of the loop have waited long enough.
    mutating func flush(
        _ stream: ByteStream, _ emit: @escaping Emit, outboundFramesCeiling: Int,
        nowNanos: UInt64, scratch: inout CallScratch
    ) -> TurnEnd {
        var end = TurnEnd()
        var more = true
        var rounds = 0
        while more, !stream.isWriting, !stream.isEnding {
            do throws(HTTP2Error) {
                try session.drain(emit)
            } catch {
                return .broken
            }
            let isMoving = !stream.output.isEmpty
            stream.flush()
            writingBytes = stream.copiedWritingBytes
            let hasNews = handleDrained(nowNanos: nowNanos, scratch: &scratch)
            more = (isMoving || hasNews) && session.wantsWrite
            rounds += 1
            if more, rounds == ConnectionLimits.flushRoundsMax {
                end.insert(.partlyFlushed)
                break
            }
        }
        if rounds == 0 {
            writingBytes = stream.copiedWritingBytes
            tellPending()
        }
        if !deadlines.isEmpty || !wakes.isEmpty { end.insert(.wantsTimers) }
        if hasWaitingUploads { end.insert(.hasWaitingUploads) }
        if hasSeenDrainPing { end.insert(.sawDrainPing) }
        look(stream, &end, outboundFramesCeiling: outboundFramesCeiling)
        return end
    }

    private func look(
        _ stream: ByteStream, _ end: inout TurnEnd, outboundFramesCeiling: Int
    ) {
        let isWriting = stream.isWriting
        // Who has overspent is not heard any more, even if it does not read why.
        if hasOverspent || session.isFinished && !isWriting { end.insert(.over) }
        let frames = session.outboundQueueCount
        if frames > outboundFramesCeiling { end.insert(.flooded) }
        if isWriting,
            frames > ConnectionLimits.outboundFramesMax
                || session.pendingBodyBytes > ConnectionLimits.pendingBodyBytesMax
        {
            end.insert(.behind)
        }
    }
}
