package import LarderGRPC
package import LarderHTTP2
import LarderPages
import LarderService

extension ConnectionCalls {
    /// Runs a unary method and submits its answer: the way of every Get.
    mutating func answer(
        _ stream: StreamRef, _ method: Method, _ request: Span<UInt8>,
        encoding: MessageEncoding, nowNanos: UInt64, scratch: inout CallScratch
    ) {
        if isAnswerDoubtful, let refusal = unreadRefusal() { return end(stream, refusal) }
        scratch.reply.clear(encoding: encoding)
        services.unary(method, request: request, nowNanos: nowNanos, reply: &scratch.reply)
        submitAnswer(stream, encoding, scratch: &scratch)
    }

    /// As `answer`, of a request in pages of its own, which the method may keep.
    mutating func answer(
        _ stream: StreamRef, _ method: Method, _ pages: consuming PageRun,
        encoding: MessageEncoding, nowNanos: UInt64, scratch: inout CallScratch
    ) {
        if isAnswerDoubtful, let refusal = unreadRefusal() { return end(stream, refusal) }
        scratch.reply.clear(encoding: encoding)
        services.unary(method, pages: pages, nowNanos: nowNanos, reply: &scratch.reply)
        submitAnswer(stream, encoding, scratch: &scratch)
    }

    @inline(__always)
    private mutating func submitAnswer(
        _ stream: StreamRef, _ encoding: MessageEncoding, scratch: inout CallScratch
    ) {
        guard case .ok = scratch.reply.status?.code else {
            let status = scratch.reply.status
            return end(stream, status ?? Status(.unknown, "the method gave no status"))
        }
        if isProcessFull, let refusal = crowdedRefusal(of: scratch.reply) {
            scratch.reply.clear()
            return end(stream, refusal)
        }
        if scratch.reply.tails.isEmpty {
            let body = scratch.reply.written
            copiedBytesBound &+= body.count
            return respond(stream, body, encoding)
        }
        copiedBytesBound &+= scratch.reply.written.count
        if services.peerMemory.isPinnedFull, let refusal = pinnedRefusal(of: scratch.reply) {
            scratch.reply.clear()
            return end(stream, refusal)
        }
        let tails = scratch.reply.tails
        if tails.count == 1, tails[0].offset == scratch.reply.written.count {
            session.respond(
                stream, headers: blocks.headers(encoding), body: scratch.reply.written,
                tail: tails[0].value, trailers: blocks.okTrailers)
        } else {
            session.startResponse(stream, headers: blocks.headers(encoding))
            send(scratch.reply, on: stream)
            session.finish(stream, trailers: blocks.okTrailers)
        }
        // The session holds the values now; the next call of the loop may be long in coming.
        scratch.reply.clear()
    }

    // A block that is chosen first is counted, and nearly all answers have the same.
    private mutating func respond(
        _ stream: StreamRef, _ body: Span<UInt8>, _ encoding: MessageEncoding
    ) {
        switch encoding {
        case .identity:
            session.respond(
                stream, headers: blocks.plainHeaders, body: body, trailers: blocks.okTrailers)
        case .gzip, .deflate:
            session.respond(
                stream, headers: blocks.headers(encoding), body: body, trailers: blocks.okTrailers)
        }
    }

    /// Submits what a streaming call has said.
    ///
    /// - Returns: whether the call goes on.
    @discardableResult
    mutating func deliver(_ reply: borrowing Reply, of call: OpenCall) -> Bool {
        if reply.written.count > 0 {
            if services.peerMemory.isPinnedFull, let refusal = pinnedRefusal(of: reply) {
                cancel(call, refusal)
                return false
            }
            if !call.hasBegun {
                session.startResponse(
                    call.stream,
                    headers: blocks.headers(
                        call.encodings.answer, adding: reply.extras?.headers ?? []))
                call.hasBegun = true
            }
            send(reply, on: call.stream)
        }
        if let status = reply.status {
            end(call, status, reply.extras)
            return false
        }
        if let wakeAtNanos = reply.extras?.wakeAtNanos {
            wakes.append((call.stream, wakeAtNanos))
        }
        let pending = session.pendingBytes(call.stream)
        if pending > ConnectionLimits.pendingCallBytesMax {
            cut(
                call,
                Status(
                    .resourceExhausted,
                    "\(pending) bytes of answers wait to be read, over the limit of "
                        + "\(ConnectionLimits.pendingCallBytesMax)", reason: "ANSWERS_UNREAD"))
            return false
        }
        return true
    }

    /// The messages of `reply`, with the values that lie elsewhere in their places.
    private mutating func send(_ reply: borrowing Reply, on stream: StreamRef) {
        let bytes = reply.written
        copiedBytesBound &+= bytes.count
        var sent = 0
        for tail in reply.tails {
            if tail.offset > sent { session.send(stream, bytes.extracting(sent..<tail.offset)) }
            sent = tail.offset
            session.send(stream, referencing: tail.value)
        }
        if sent < bytes.count { session.send(stream, bytes.extracting(sent..<bytes.count)) }
    }

    // MARK: Ends

    /// Ends an open call: with trailers after what it has sent, or with trailers alone.
    mutating func end(_ call: OpenCall, _ status: Status, _ extras: ReplyExtras? = nil) {
        services.failures.count(status.code)
        slots.clear(call.stream)
        letRoomGo(of: call)
        let trailers = extras?.trailers ?? []
        if call.hasBegun {
            session.finish(call.stream, trailers: blocks.trailers(for: status, adding: trailers))
        } else {
            let fields = (extras?.headers ?? []) + trailers
            session.respondHeadersOnly(
                call.stream, headers: blocks.trailersOnly(for: status, adding: fields))
        }
    }

    /// Answers a call that has sent nothing.
    mutating func end(_ stream: StreamRef, _ status: Status) {
        services.failures.count(status.code)
        session.respondHeadersOnly(stream, headers: blocks.trailersOnly(for: status))
    }

    /// Ends an open call that its method has not ended.
    mutating func cancel(_ call: OpenCall, _ status: Status) {
        let applied = call.handler?.applied ?? []
        call.handler?.cancelled()
        end(call, status.adding(metadata: applied))
    }

    /// As `cancel`, without waiting for the peer to read what it was sent before.
    mutating func cut(_ call: OpenCall, _ status: Status) {
        session.dropBody(call.stream)
        cancel(call, status)
    }

    /// Ends the call on `stream` from outside, if it is still open: its deadline has passed.
    package mutating func cancel(_ stream: StreamRef, _ status: Status) {
        if let call = openCall(stream) { cut(call, status) }
    }

    /// Wakes the call on `stream`, if it is still open.
    package mutating func wake(
        _ stream: StreamRef, nowNanos: UInt64, scratch: inout CallScratch
    ) {
        guard let call = openCall(stream) else { return }
        wake(call, nowNanos: nowNanos, scratch: &scratch)
    }

    private mutating func wake(_ call: OpenCall, nowNanos: UInt64, scratch: inout CallScratch) {
        guard let handler = call.handler else { return }
        scratch.reply.clear(encoding: call.encodings.answer)
        handler.woken(nowNanos: nowNanos, reply: &scratch.reply)
        deliver(scratch.reply, of: call)
    }

    /// The stream is gone; a call that was not over is cancelled.
    mutating func forget(_ stream: StreamRef) {
        if let call = slots.call(inSlotOf: stream) {
            call.handler?.cancelled()
            letRoomGo(of: call)
        }
        slots.clear(stream)
    }

    /// The connection is gone, and all calls with it.
    package mutating func forgetAll() {
        for call in slots.openCalls { call.handler?.cancelled() }
        slots.clearAll()
        waitingUploads.removeAll()
        takeBackPending()
    }

    // MARK: Draining

    /// Marks the PING that follows the first GOAWAY of a drain.
    static var drainPing: UInt64 { 0x6c61_7264_6572 }

    /// Marks the PING that asks a silent peer for a sign of life.
    static var keepalivePing: UInt64 { 0x6b65_6570_6572 }

    /// The first GOAWAY: no new streams, please. Calls that wait for news hear of it.
    package mutating func beginDrain(nowNanos: UInt64, scratch: inout CallScratch) {
        session.submitShutdownNotice()
        session.ping(opaque: Self.drainPing)
        for call in slots.openCalls {
            wake(call, nowNanos: nowNanos, scratch: &scratch)
        }
    }

    /// The second GOAWAY: what began until now is served, nothing after it.
    package mutating func continueDrain(debug: String = "") {
        session.submitGoAway(code: 0, debug: debug)
    }

    /// Ends every call that is still open.
    package mutating func endAll(_ status: Status) {
        for case .awaitingRequest(let stream, _, _, _) in slots.awaiting { refuse(stream, status) }
        for call in slots.openCalls { cut(call, status) }
    }

    // MARK: Open calls

    /// The call on `stream`, if it is still the one that opened there.
    func openCall(_ stream: StreamRef) -> OpenCall? {
        guard let call = slots.call(inSlotOf: stream), call.stream == stream else { return nil }
        return call
    }

    /// Calls that need a timer now; each is told of once.
    package mutating func takeDeadlines() -> [(stream: StreamRef, atNanos: UInt64)] {
        guard !deadlines.isEmpty else { return [] }
        defer { deadlines.removeAll(keepingCapacity: true) }
        return deadlines
    }

    /// Calls that want to be woken; each is told of once.
    package mutating func takeWakes() -> [(stream: StreamRef, atNanos: UInt64)] {
        guard !wakes.isEmpty else { return [] }
        defer { wakes.removeAll(keepingCapacity: true) }
        return wakes
    }
}
