internal import CNghttp2

/// Requests that go past the library (`UnheardStreams`).
extension SessionCore {
    /// Tells the library of the streams up to `id` that are not answered; it must be between two
    /// frames.
    func introduce(upTo id: Int32 = .max) {
        while let stream = unsafe state.pointee.unheard.next(upTo: id) {
            guard let slot = unsafe state.pointee.streams.find(stream),
                unsafe slot.pointee.isUnheard
            else { continue }
            unsafe slot.pointee.isUnheard = false
            unsafe state.pointee.unheard.settled()
            unsafe state.pointee.unheard.heard(stream.id)
            unsafe introduce(slot)
        }
    }

    /// Tells the library of a stream before something is done with it.
    @inline(__always)
    func hear(of slot: Slot) {
        if unsafe slot.pointee.isUnheard { unsafe introduce(upTo: slot.pointee.id) }
    }

    /// What becomes of a frame about a stream that the library has not heard of; nil: a fault.
    func takeMissed(
        _ input: UnsafeBufferPointer<UInt8>, _ base: UnsafePointer<UInt8>, headStart: Int
    ) -> MissedFrame? {
        if let end = unsafe state.pointee.passBody(input, headStart: headStart) {
            return .taken(end)
        }
        introduce()
        guard unsafe state.pointee.unheard.isMissed(FrameScanner.streamID(base + headStart)) else {
            unsafe state.pointee.scanner.passIfBlock(base + headStart)
            return .forLibrary
        }
        return unsafe state.pointee.scanner.takeOfOver(input, headStart: headStart)
    }

    private func introduce(_ slot: Slot) {
        unsafe state.pointee.introduced = slot
        defer { unsafe state.pointee.introduced = nil }
        let frame = unsafe state.pointee.repeatedRequest.frame(
            slot.pointee.id, hasEnded: slot.pointee.hasPeerEnded)
        guard let start = frame.baseAddress else { return }
        unsafe note(Int32(clamping: nghttp2_session_mem_recv(handle, start, frame.count)))
    }
}

extension SessionState {
    /// Whether the decoder can hear of what a block adds to its table without the block.
    func canAdd(_ added: Range<Int>?) -> Bool { added == nil || closedID > 0 }

    /// Takes the beginning of a request past the library: a HEADERS frame, its block known. False:
    /// the library has to have it.
    mutating func passHeaders(_ head: UnsafePointer<UInt8>, _ list: HeaderRange) -> Bool {
        let id = unsafe FrameScanner.streamID(head)
        guard unsafe head[4] == FrameFlag.endOfHeaders, openStreamCount < streamCountMax,
            unheard.canBegin(id), let slot = unsafe openStream(id: id)
        else { return false }
        unsafe slot.pointee.isAnnounced = true
        unsafe slot.pointee.hasHeaders = true
        unsafe slot.pointee.isUnheard = true
        let stream = unsafe slot.pointee.reference
        unheard.passed(stream)
        var record = EventRecord(.headers, stream)
        record.fields = list
        keep(record)
        return true
    }

    /// Takes a request's body past the library, if the frame with the head at `headStart` is all of
    /// it, and answers where it ends.
    mutating func passBody(_ input: UnsafeBufferPointer<UInt8>, headStart: Int) -> Int? {
        guard let base = input.baseAddress,
            let body = unsafe scanner.wholeBody(input, headStart: headStart),
            body.count <= wholeBodyBytesMax,
            let stream = unheard.find(unsafe FrameScanner.streamID(base + headStart)),
            let slot = unsafe streams.find(stream), unsafe slot.pointee.isUnheard,
            unsafe !slot.pointee.hasPeerEnded
        else { return nil }
        scanner.skipPayload()
        unsafe slot.pointee.hasPeerEnded = true
        unheard.owedWindowBytes += body.count
        var record = EventRecord(.data, stream)
        record.first = body.lowerBound
        record.count = body.count
        record.endOfStream = true
        keep(record)
        return body.upperBound
    }

    private mutating func keep(_ record: EventRecord) {
        if events.append(record) == nil {
            failure = HTTP2Error(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
        }
    }

    /// A stream that the library has not heard of is answered: it is over.
    mutating func closeUnheard(_ slot: Slot) -> Bool {
        unsafe slot.pointee.isUnheard = false
        unheard.settled()
        if unsafe !streamClosed(slot, code: 0) {
            failure = HTTP2Error(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
        }
        return true
    }

    /// Gives back the connection's window that requests have taken past the library, when it has
    /// become much.
    @inline(__always)
    mutating func payOwedWindow() {
        guard unheard.owedWindowBytes > owedWindowBytesMax, !isInsideSentBlock else { return }
        ready.append(frame: SessionCore.windowUpdate(unheard.owedWindowBytes))
        unheard.owedWindowBytes = 0
        counters.windowUpdatesSent &+= 1
    }

    /// A GOAWAY of the library's, with the newest stream that was served as the last one.
    func namingNewest(_ frame: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var bytes = unsafe Array(frame)
        let last = FrameScanner.headBytes..<(FrameScanner.headBytes + 4)
        guard let start = frame.baseAddress, frame.count >= last.upperBound else {
            return bytes
        }
        let named = unsafe Self.number(start + last.lowerBound)
        let newest = max(named, UInt32(clamping: unheard.passedID))
        bytes.replaceSubrange(last, with: SessionCore.bigEndian(newest))
        return bytes
    }
}
