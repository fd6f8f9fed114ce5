import LarderGRPC
import LarderHTTP2
import LarderService

/// Messages that come compressed.
extension ConnectionCalls {
    /// Runs a unary method, after its request is unpacked if need be.
    mutating func answer(
        _ stream: StreamRef, _ method: Method, _ request: Span<UInt8>, _ encodings: CallEncodings,
        isCompressed: Bool, nowNanos: UInt64, scratch: inout CallScratch
    ) {
        guard isCompressed else {
            return answer(
                stream, method, request, encoding: encodings.answer, nowNanos: nowNanos,
                scratch: &scratch)
        }
        if let refusal = inflateRefusal(nowNanos: nowNanos) { return end(stream, refusal) }
        do throws(InflateError) {
            let message = try inflate(request, encodings.request, scratch: &scratch)
            answer(
                stream, method, message.span, encoding: encodings.answer, nowNanos: nowNanos,
                scratch: &scratch)
            letGo(message, scratch: &scratch)
        } catch {
            end(stream, counted(Status(error)))
        }
    }

    /// Gives a streaming call its next message, unpacked if need be, and submits what it says.
    ///
    /// - Returns: whether the call goes on.
    mutating func hand(
        _ message: Span<UInt8>, isCompressed: Bool, to handler: any StreamingCall,
        of call: OpenCall, nowNanos: UInt64, scratch: inout CallScratch
    ) -> Bool {
        guard isCompressed else {
            scratch.reply.clear(encoding: call.encodings.answer)
            handler.received(
                message, nowNanos: nowNanos, sentAll: session.pendingBytes(call.stream) == 0,
                reply: &scratch.reply)
            return deliver(scratch.reply, of: call)
        }
        if let refusal = inflateRefusal(nowNanos: nowNanos) {
            cancel(call, refusal)
            return false
        }
        do throws(InflateError) {
            let message = try inflate(message, call.encodings.request, scratch: &scratch)
            handler.receivesCompressed()
            let goesOn = hand(
                message.span, isCompressed: false, to: handler, of: call, nowNanos: nowNanos,
                scratch: &scratch)
            letGo(message, scratch: &scratch)
            return goesOn
        } catch {
            cancel(call, counted(Status(error)))
            return false
        }
    }

    /// Why nothing is unpacked now: what was before has come to too much.
    private mutating func inflateRefusal(nowNanos: UInt64) -> Status? {
        guard inflating.isSpent(nowNanos: nowNanos) else { return nil }
        services.defences.count(.inflateFlood)
        return Refusal.inflatedTooMuch(bytesPerSecond: InflateBudget.paidBytesPerSecond).status
    }

    /// A message is unpacked for one event only, so that a loop never holds two.
    private mutating func inflate(
        _ bytes: Span<UInt8>, _ encoding: MessageEncoding, scratch: inout CallScratch
    ) throws(InflateError) -> [UInt8] {
        defer {
            inflating.record(
                packedBytes: bytes.count, unpackedBytes: scratch.inflater.unpackedBytes)
        }
        let message = try scratch.inflater.inflate(
            bytes, as: encoding, bytesMax: services.limits.messageBytesMax)
        services.peerMemory.addUpload(message.capacity)
        return message
    }

    private func letGo(_ message: consuming [UInt8], scratch: inout CallScratch) {
        services.peerMemory.letUploadGo(message.capacity)
        scratch.inflater.reuse(message)
    }
}
