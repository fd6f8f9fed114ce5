internal import CNghttp2

/// What a caller does with one stream. A stream that is gone is left alone, quietly.
extension SessionCore {
    /// The stream's slot, as long as something can be sent on it.
    private func sendable(_ stream: StreamRef) -> Slot? {
        guard let slot = unsafe state.pointee.streams.find(stream),
            unsafe !slot.pointee.isClosed, unsafe !slot.pointee.isReset,
            unsafe state.pointee.failure == nil
        else { return nil }
        return unsafe slot
    }

    /// The slot of a request that has no answer yet.
    private func answerable(_ stream: StreamRef) -> Slot? {
        guard let slot = unsafe sendable(stream), unsafe !slot.pointee.hasAnswered else {
            return nil
        }
        unsafe slot.pointee.hasAnswered = true
        return unsafe slot
    }

    /// The slot of a body that takes more.
    private func appendable(_ stream: StreamRef) -> Slot? {
        guard let slot = unsafe sendable(stream), unsafe slot.pointee.hasAnswered,
            unsafe !slot.pointee.isEnding
        else { return nil }
        return unsafe slot
    }

    // MARK: a server's answers

    func respond(
        _ stream: StreamRef, headers: HeaderBlock, body: Span<UInt8>, tail: (any OutgoingBytes)?,
        trailers: HeaderBlock
    ) {
        guard let slot = unsafe answerable(stream) else { return }
        if unsafe answerAtOnce(
            slot, headers: headers, body: body, tail: tail, trailers: trailers)
        {
            return
        }
        unsafe hear(of: slot)
        unsafe slot.pointee.headers.hold(headers)
        unsafe slot.pointee.trailers.hold(trailers)
        unsafe slot.pointee.isEnding = true
        unsafe slot.pointee.body.append(copying: body)
        if let tail { unsafe slot.pointee.body.append(referencing: tail) }
        let bytes = unsafe slot.pointee.body.count
        unsafe state.pointee.pendingBodyBytes += bytes
        unsafe state.pointee.pendingReferencedBytes += slot.pointee.body.referencedCount
        guard bytes > 0 else {
            unsafe note(
                nghttp2_submit_headers(
                    handle, noFlags, stream.id, nil, headers.fields, headers.count, nil))
            unsafe submitTrailers(slot)
            return
        }
        if bytes > OutgoingBody.frameBytes { takeTurns(stream) }
        unsafe submitResponse(slot, headers)
    }

    /// Writes the answer past the library, which hears that the stream is over.
    private func answerAtOnce(
        _ slot: Slot, headers: HeaderBlock, body: Span<UInt8>, tail: (any OutgoingBytes)?,
        trailers: HeaderBlock
    ) -> Bool {
        let isWritten = unsafe state.pointee.writeAnswer(
            slot, headers: headers, body: body, tail: tail, trailers: trailers,
            windowBytes: Int(nghttp2_session_get_remote_window_size(asked)),
            streamWindowBytes: Int(
                nghttp2_session_get_remote_settings(
                    asked, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE)),
            peerFrameBytes: Int(
                nghttp2_session_get_remote_settings(asked, NGHTTP2_SETTINGS_MAX_FRAME_SIZE)))
        guard isWritten else { return false }
        if unsafe slot.pointee.isUnheard { return unsafe state.pointee.closeUnheard(slot) }
        unsafe note(
            nghttp2_submit_rst_stream(
                handle, noFlags, slot.pointee.id, AnsweredCode.code(slot: slot.pointee.index)))
        return true
    }

    func respondHeadersOnly(_ stream: StreamRef, headers: HeaderBlock) {
        guard let slot = unsafe answerable(stream) else { return }
        unsafe hear(of: slot)
        unsafe slot.pointee.headers.hold(headers)
        unsafe slot.pointee.isEnding = true
        unsafe note(nghttp2_submit_response(handle, stream.id, headers.fields, headers.count, nil))
        unsafe state.pointee.endSubmitted(slot)
    }

    func startResponse(_ stream: StreamRef, headers: HeaderBlock) {
        guard let slot = unsafe answerable(stream) else { return }
        unsafe hear(of: slot)
        unsafe slot.pointee.headers.hold(headers)
        takeTurns(stream)
        unsafe submitResponse(slot, headers)
    }

    func finish(_ stream: StreamRef, trailers: HeaderBlock) {
        guard let slot = unsafe appendable(stream) else { return }
        unsafe slot.pointee.trailers.hold(trailers)
        unsafe slot.pointee.isEnding = true
        // Nothing left to send: trailers need no window, so they do not go through the body.
        if unsafe slot.pointee.body.count == 0 { unsafe submitTrailers(slot) }
    }

    private func submitResponse(_ slot: Slot, _ headers: HeaderBlock) {
        var provider = unsafe Self.provider(slot)
        unsafe note(
            nghttp2_submit_response(
                handle, slot.pointee.id, headers.fields, headers.count, &provider))
    }

    private func submitTrailers(_ slot: Slot) {
        guard let result = unsafe submitHeldTrailers(handle, slot) else { return }
        note(result)
        unsafe state.pointee.endSubmitted(slot)
    }

    /// Lets the streams of a connection take turns. By default one body goes out to its end before
    /// the next gets a frame, and a long download would silence all calls that came after it.
    private func takeTurns(_ stream: StreamRef) {
        var priority = nghttp2_extpri(urgency: UInt32(NGHTTP2_EXTPRI_DEFAULT_URGENCY), inc: 1)
        unsafe note(
            nghttp2_session_change_extpri_stream_priority(handle, stream.id, &priority, 1))
    }

    // MARK: a client's requests

    func open(
        headers: HeaderBlock, body: Span<UInt8>, endOfStream: Bool
    ) -> StreamRef? {
        guard unsafe state.pointee.failure == nil,
            unsafe nghttp2_session_check_request_allowed(asked) != 0
        else { return nil }
        let next = unsafe nghttp2_session_get_next_stream_id(asked)
        guard next <= UInt32(Int32.max),
            let slot = unsafe state.pointee.openStream(id: Int32(next))
        else { return nil }
        unsafe slot.pointee.isAnnounced = true
        unsafe slot.pointee.hasAnswered = true
        unsafe slot.pointee.headers.hold(headers)
        unsafe slot.pointee.body.append(copying: body)
        unsafe slot.pointee.isEnding = endOfStream
        let bytes = unsafe slot.pointee.body.count
        unsafe state.pointee.pendingBodyBytes += bytes
        let id: Int32
        if endOfStream, bytes == 0 {
            id = unsafe nghttp2_submit_request(
                handle, nil, headers.fields, headers.count, nil, slot)
            unsafe state.pointee.endSubmitted(slot)
        } else {
            var provider = unsafe Self.provider(slot)
            id = unsafe nghttp2_submit_request(
                handle, nil, headers.fields, headers.count, &provider, slot)
        }
        guard id == Int32(next) else {
            note(min(id, 0))
            unsafe state.pointee.openStreamCount -= 1
            unsafe state.pointee.pendingBodyBytes -= bytes
            unsafe state.pointee.freeSlot(slot)
            return nil
        }
        return unsafe slot.pointee.reference
    }

    // MARK: bodies

    func send(_ stream: StreamRef, copying bytes: Span<UInt8>) {
        guard let slot = unsafe appendable(stream), bytes.count > 0 else { return }
        unsafe slot.pointee.body.append(copying: bytes)
        unsafe state.pointee.pendingBodyBytes += bytes.count
        unsafe resume(slot)
    }

    func send(_ stream: StreamRef, referencing tail: any OutgoingBytes) {
        guard let slot = unsafe appendable(stream) else { return }
        let before = unsafe slot.pointee.body.count
        let countedBefore = unsafe slot.pointee.body.referencedCount
        unsafe slot.pointee.body.append(referencing: tail)
        unsafe state.pointee.pendingBodyBytes += slot.pointee.body.count - before
        unsafe state.pointee.pendingReferencedBytes +=
            slot.pointee.body.referencedCount - countedBefore
        unsafe resume(slot)
    }

    func endBody(_ stream: StreamRef) {
        guard let slot = unsafe appendable(stream) else { return }
        unsafe slot.pointee.isEnding = true
        unsafe resume(slot)
    }

    func dropBody(_ stream: StreamRef) {
        // A frame that was begun is still handed over.
        guard let slot = unsafe appendable(stream), unsafe slot.pointee.framedBytes == 0 else {
            return
        }
        unsafe forgetBody(slot)
    }

    private func forgetBody(_ slot: Slot) {
        unsafe state.pointee.pendingBodyBytes -= slot.pointee.body.count
        unsafe state.pointee.pendingReferencedBytes -= slot.pointee.body.referencedCount
        unsafe slot.pointee.body.clear()
    }

    func pendingBytes(_ stream: StreamRef) -> Int {
        guard let slot = unsafe state.pointee.streams.find(stream) else { return 0 }
        return unsafe slot.pointee.body.count
    }

    func reset(_ stream: StreamRef, code: UInt32) {
        guard let slot = unsafe sendable(stream) else { return }
        unsafe hear(of: slot)
        unsafe slot.pointee.isReset = true
        // A frame that was begun is still handed over; anything else is let go of at once.
        if unsafe slot.pointee.framedBytes == 0 { unsafe forgetBody(slot) }
        unsafe note(nghttp2_submit_rst_stream(handle, noFlags, stream.id, code))
    }

    /// Bytes of the connection's window that no answer has taken, if a body waits for such.
    var awaitedWindowBytes: Int {
        guard unsafe state.pointee.windowWaiterCount > 0 else { return 0 }
        return unsafe state.pointee.windowLeft(
            Int(nghttp2_session_get_remote_window_size(asked)))
    }

    /// Wakes bodies that wait for the connection's window, as far as there is some.
    func resumeWaiters() {
        let left = awaitedWindowBytes
        guard left > 0 else { return }
        let waiters = unsafe state.pointee.takeWaiters(countMax: left)
        for index in unsafe waiters.indices { unsafe resume(waiters[index]) }
    }

    private func resume(_ slot: Slot) {
        guard unsafe slot.pointee.isDeferred else { return }
        unsafe slot.pointee.isDeferred = false
        unsafe note(nghttp2_session_resume_data(handle, slot.pointee.id))
    }

    private static func provider(_ slot: Slot) -> nghttp2_data_provider {
        unsafe nghttp2_data_provider(
            source: nghttp2_data_source(ptr: UnsafeMutableRawPointer(slot)),
            read_callback: readBody)
    }
}
