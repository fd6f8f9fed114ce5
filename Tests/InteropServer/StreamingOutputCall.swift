import LarderGRPC
import LarderProtocol
import LarderService

/// Sends what each request asks for: payloads of given sizes, at given intervals.
final class StreamingOutputCall: StreamingCall {
    /// More is not said at once; the rest when that has gone.
    private static let pendingBytesMax = 1 << 20
    private static let responsesMax = 10_000
    private static let nanosPerMicro: UInt64 = 1_000

    /// Nothing is sent before the client has sent all.
    private let waitsForEnd: Bool
    private var hasEnded = false
    private var responses: [ResponseParameters] = []
    private var sentCount = 0
    /// When the next response may go.
    private var dueNanos: UInt64?

    init(waitsForEnd: Bool) { self.waitsForEnd = waitsForEnd }

    func received(_ message: Span<UInt8>, nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        do {
            let request = try StreamingOutputCallRequest(decoding: message)
            if let status = Status(request.responseStatus) {
                reply.status = status
                return
            }
            responses.removeFirst(sentCount)
            sentCount = 0
            responses += request.responses
        } catch {
            reply.status = .unparsable(error)
            return
        }
        let areSmall = responses.allSatisfy {
            (0...responseBytesMax).contains($0.size) && $0.intervalMicros >= 0
        }
        guard areSmall, responses.count <= Self.responsesMax else {
            reply.status = .sizeOutOfRange
            return
        }
        produce(nowNanos: nowNanos, reply: &reply)
    }

    func halfClosed(nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        hasEnded = true
        produce(nowNanos: nowNanos, reply: &reply)
    }

    func writable(nowNanos: UInt64, reply: inout Reply) {
        produce(nowNanos: nowNanos, reply: &reply)
    }

    func woken(nowNanos: UInt64, reply: inout Reply) {
        produce(nowNanos: nowNanos, reply: &reply)
    }

    func cancelled() {}

    private func produce(nowNanos: UInt64, reply: inout Reply) {
        guard hasEnded || !waitsForEnd else { return }
        while sentCount < responses.count {
            let next = responses[sentCount]
            let interval = UInt64(clamping: next.intervalMicros) * Self.nanosPerMicro
            let due = dueNanos ?? nowNanos + interval
            dueNanos = due
            guard due <= nowNanos else {
                var extras = ReplyExtras()
                extras.wakeAtNanos = due
                reply.extras = extras
                return
            }
            guard reply.bytes.count + reply.savedBytes < Self.pendingBytesMax else { return }
            reply.sayPayload(next.size, compressed: next.compressed?.value == true)
            dueNanos = nil
            sentCount += 1
        }
        if hasEnded { reply.status = .ok }
    }
}
