import LarderGRPC
import LarderProtocol
import LarderService

/// The largest response that is made.
let responseBytesMax: Int32 = 4 << 20

extension Reply {
    /// Says a payload of so many zeros, and compresses it if that was asked for.
    mutating func sayPayload(_ size: Int32, compressed: Bool) {
        beginMessage()
        let body = [UInt8](repeating: 0, count: Int(size))
        PayloadResponse(payload: Payload(body: body)).encode(into: &bytes)
        endMessage(compressed: compressed)
    }
}

/// Answers nothing with nothing.
final class EmptyCall: StreamingCall {
    func received(_ message: Span<UInt8>, nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        reply.beginMessage()
        reply.endMessage()
        reply.status = .ok
    }

    func halfClosed(nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {}
    func writable(nowNanos: UInt64, reply: inout Reply) {}
    func woken(nowNanos: UInt64, reply: inout Reply) {}
    func cancelled() {}
}

/// Answers with a payload of the size, or with the status, that was asked for.
final class UnaryCall: StreamingCall {
    private var isCompressed = false

    func receivesCompressed() { isCompressed = true }

    func received(_ message: Span<UInt8>, nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        do {
            let request = try SimpleRequest(decoding: message)
            if request.expectCompressed?.value == true, !isCompressed {
                reply.status = .isNotCompressed
            } else if let status = Status(request.responseStatus) {
                reply.status = status
            } else if (0...responseBytesMax).contains(request.responseSize) {
                reply.sayPayload(
                    request.responseSize, compressed: request.responseCompressed?.value == true)
                reply.status = .ok
            } else {
                reply.status = .sizeOutOfRange
            }
        } catch {
            reply.status = .unparsable(error)
        }
    }

    func halfClosed(nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {}
    func writable(nowNanos: UInt64, reply: inout Reply) {}
    func woken(nowNanos: UInt64, reply: inout Reply) {}
    func cancelled() {}
}

/// Answers a stream of payloads with how long they are together.
final class StreamingInputCall: StreamingCall {
    private var payloadBytes = 0
    private var isCompressed = false

    func receivesCompressed() { isCompressed = true }

    func received(_ message: Span<UInt8>, nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        do {
            let request = try StreamingInputCallRequest(decoding: message)
            if request.expectCompressed?.value == true, !isCompressed {
                reply.status = .isNotCompressed
            }
            payloadBytes += request.payload.body.count
            isCompressed = false
        } catch {
            reply.status = .unparsable(error)
        }
    }

    func halfClosed(nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        reply.beginMessage()
        reply.bytes.int32(1, Int32(clamping: payloadBytes))
        reply.endMessage()
        reply.status = .ok
    }

    func writable(nowNanos: UInt64, reply: inout Reply) {}
    func woken(nowNanos: UInt64, reply: inout Reply) {}
    func cancelled() {}
}
