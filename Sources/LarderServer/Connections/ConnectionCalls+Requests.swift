import LarderGRPC
import LarderHTTP2
import LarderPages
import LarderService

/// What comes after the headers of a request.
extension ConnectionCalls {
    /// - Returns: whether the window of the chunk is to be withheld.
    @discardableResult
    mutating func received(
        _ stream: StreamRef, _ chunk: Span<UInt8>, endOfStream: Bool, nowNanos: UInt64,
        scratch: inout CallScratch
    ) -> Bool {
        switch slots[stream] {
        case .over: break
        case .awaitingRequest(_, let method, let encodings, let deadlineNanos):
            let whole = UnaryInput.whole(
                chunk, endOfStream: endOfStream, messageBytesMax: messageBytesMax)
            if let whole {
                slots.clear(stream)
                answer(
                    stream, method, whole, encoding: encodings.answer, nowNanos: nowNanos,
                    scratch: &scratch)
                break
            }
            var request = unaryInput(encodings)
            switch request.received(chunk, endOfStream: endOfStream) {
            case .deliver(let message):
                slots.clear(stream)
                let bytes = request.bytes(of: message, in: chunk)
                answer(
                    stream, method, bytes, encodings, isCompressed: request.isCompressed,
                    nowNanos: nowNanos, scratch: &scratch)
            case .reject(let status):
                refuse(stream, counted(status))
            case .wait:
                return keepRoom(
                    for: open(stream, method, encodings, request, deadlineNanos: deadlineNanos))
            }
        case .plain:
            guard var request = slots.plainRequest(stream) else { break }
            request.bodyBytes += chunk.count
            if endOfStream || request.bodyBytes > ConnectionLimits.plainBodyBytesMax {
                answerPlainly(stream, request.answer)
            } else {
                slots.place(request, at: stream)
            }
        case .open:
            guard let call = slots.call(inSlotOf: stream) else { break }
            call.receivedBytes &+= UInt64(chunk.count)
            if call.takesManyMessages {
                receivedMessages(
                    call, chunk, endOfStream: endOfStream, nowNanos: nowNanos, scratch: &scratch)
            } else {
                receivedRequest(
                    call, chunk, endOfStream: endOfStream, nowNanos: nowNanos, scratch: &scratch)
            }
            if openCall(stream) != nil { return keepRoom(for: call) || call.isPaused }
            letRoomGo(of: call)
        }
        return false
    }

    /// The one message of a unary or server-streaming call, which came in pieces.
    private mutating func receivedRequest(
        _ call: OpenCall, _ chunk: Span<UInt8>, endOfStream: Bool, nowNanos: UInt64,
        scratch: inout CallScratch
    ) {
        var request = call.takeRequest()
        switch request.received(chunk, endOfStream: endOfStream) {
        case .wait: call.request = request
        case .reject(let status):
            cancel(call, counted(status))
        case .deliver(let message):
            call.isRequestWhole = true
            guard let handler = call.handler else {
                slots.clear(call.stream)
                if !request.isCompressed, let pages = request.takePages() {
                    return answer(
                        call.stream, call.method, pages, encoding: call.encodings.answer,
                        nowNanos: nowNanos, scratch: &scratch)
                }
                let bytes = request.bytes(of: message, in: chunk)
                return answer(
                    call.stream, call.method, bytes, call.encodings,
                    isCompressed: request.isCompressed, nowNanos: nowNanos, scratch: &scratch)
            }
            if isAnswerDoubtful, let refusal = unreadRefusal() ?? crowdedRefusal(of: call) {
                return cancel(call, refusal)
            }
            let goesOn = hand(
                request.bytes(of: message, in: chunk), isCompressed: request.isCompressed,
                to: handler, of: call, nowNanos: nowNanos, scratch: &scratch)
            guard goesOn else { return }
            halfClosed(call, handler, nowNanos: nowNanos, scratch: &scratch)
        }
    }

    private mutating func receivedMessages(
        _ call: OpenCall, _ chunk: Span<UInt8>, endOfStream: Bool, nowNanos: UInt64,
        scratch: inout CallScratch
    ) {
        guard let handler = call.handler else { return }
        var messages = call.takeMessages()
        do throws(DeframeError) {
            var offset = 0
            while let message = try messages.next(chunk, at: &offset) {
                // A load's answers are few and replace each other: it may always go on.
                if isAnswerDoubtful, call.method.handler != .bulkLoad, let refusal = unreadRefusal()
                {
                    return cancel(call, refusal)
                }
                let goesOn = hand(
                    messages.bytes(of: message, in: chunk), isCompressed: messages.isCompressed,
                    to: handler, of: call, nowNanos: nowNanos, scratch: &scratch)
                guard goesOn else { return }
            }
            if endOfStream { try messages.endOfStream() }
        } catch {
            return cancel(call, counted(Status(error)))
        }
        call.messages = messages
        if endOfStream { halfClosed(call, handler, nowNanos: nowNanos, scratch: &scratch) }
    }

    /// Counts a message that is over the limit, and says which setting that is.
    func counted(_ status: Status) -> Status {
        guard status.reason == Status.messageTooLarge else { return status }
        services.defences.count(.messageLimit)
        let setting = Limits.messageBytesMaxSetting
        return Status(
            status.code, "\(status.message) (\(setting))", reason: status.reason,
            metadata: status.metadata + [(key: "setting", value: setting)])
    }

    private mutating func halfClosed(
        _ call: OpenCall, _ handler: any StreamingCall, nowNanos: UInt64,
        scratch: inout CallScratch
    ) {
        scratch.reply.clear(encoding: call.encodings.answer)
        handler.halfClosed(
            nowNanos: nowNanos, sentAll: session.pendingBytes(call.stream) == 0,
            reply: &scratch.reply)
        deliver(scratch.reply, of: call)
    }
}
