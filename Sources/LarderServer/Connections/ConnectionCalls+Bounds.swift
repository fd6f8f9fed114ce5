import LarderGRPC
import LarderHTTP2
import LarderService

/// What the peer may make the server hold.
extension ConnectionCalls {
    // MARK: Requests that come in pieces

    /// Sees to it that there is room for what the call gathers.
    ///
    /// A request that does not lie in one chunk needs room to its end. When it has that, its window
    /// is given back as it comes; without, what fits into the window it has may still come.
    /// Whoever has room can go to the end, so somebody always moves.
    ///
    /// - Returns: whether the window of the bytes just received is to be withheld.
    mutating func keepRoom(for call: OpenCall) -> Bool {
        let needed = call.neededBytes
        guard needed > 0 else {
            letRoomGo(of: call)
            return false
        }
        if call.upload.covers(needed) { return false }
        if !call.upload.isWaiting {
            if waitingUploads.isEmpty, call.upload.keep(needed) { return false }
            waitingUploads.append(call.stream)
        }
        guard call.upload.wait(heldBytes: call.heldBytes) else {
            services.defences.count(.uploadMemory)
            let limit = services.peerMemory.waitingUploadBytesMax
            cancel(call, Refusal.uploadsFull(limit: limit).status)
            return false
        }
        return true
    }

    /// A call that was paused has sent what it had to say: its peer may send on.
    mutating func resume(_ call: OpenCall) {
        guard !call.isPaused, !keepRoom(for: call) else { return }
        session.release(call.stream)
    }

    /// The request is whole, or the call is over.
    mutating func letRoomGo(of call: OpenCall) {
        let wasWaiting = call.upload.isWaiting
        call.upload.clear()
        guard wasWaiting else { return }
        waitingUploads.removeAll { $0 == call.stream }
        session.release(call.stream)
    }

    /// Requests wait for room: somebody should call `admitWaiting` soon.
    package var hasWaitingUploads: Bool { !waitingUploads.isEmpty }

    /// Lets requests that wait go on, first come first served, as far as there is room.
    package mutating func admitWaiting() {
        var gone = 0
        for stream in waitingUploads {
            if let call = openCall(stream) {
                guard call.upload.keep(call.neededBytes) else { break }
                if !call.isPaused { session.release(stream) }
            }
            gone += 1
        }
        waitingUploads.removeFirst(gone)
    }

    // MARK: Answers that are not read, and calls that stay open

    /// Whether to ask `unreadRefusal`; the way of a small call ends here.
    var isAnswerDoubtful: Bool {
        isProcessFull || copiedBytesBound > ConnectionLimits.unreadBytesMax
    }

    /// Why no more answers are made now: those that are made are not read.
    mutating func unreadRefusal() -> Status? {
        let unread = session.pendingBodyBytes - session.pendingReferencedBytes
        copiedBytesBound = unread
        let memory = services.peerMemory
        isProcessFull = memory.isUnreadFull
        let isFull = unread > ConnectionLimits.unreadBytesMax
        // Others are to pay for what they hold: not who holds what every connection may.
        let isCrowding = isProcessFull && heldBytes >= ConnectionLimits.toldBytesMin
        guard isFull || isCrowding else { return nil }
        services.defences.count(.unreadAnswers)
        let limit = isFull ? ConnectionLimits.unreadBytesMax : memory.unreadBytesMax
        return Refusal.answersUnread(limit: limit).status
    }

    /// Why a long answer is not sent: the process holds all that it may.
    func crowdedRefusal(of reply: borrowing Reply) -> Status? {
        let bytes = reply.tails.reduce(reply.written.count) {
            $0 + ($1.value.isPinned ? 0 : $1.value.count)
        }
        return bytes > ConnectionLimits.crowdedAnswerBytesMax ? crowdedRefusal() : nil
    }

    /// Why a call is not begun whose answers will be long.
    func crowdedRefusal(of call: OpenCall) -> Status? {
        isProcessFull && call.method.handler == .export ? crowdedRefusal() : nil
    }

    private func crowdedRefusal() -> Status {
        services.defences.count(.unreadAnswers)
        return Refusal.answersUnread(limit: services.peerMemory.unreadBytesMax).status
    }

    /// What its answers and its calls make the process hold, but for large values.
    private var heldBytes: Int {
        (session.pendingBodyBytes - session.pendingReferencedBytes) * ConnectionLimits.bufferSlack
            + writingBytes + session.openStreamCount * ConnectionLimits.openCallBytes
            + session.slotCount * ConnectionLimits.callPlaceBytes
    }

    /// Why an answer with large values is not sent: too many others wait to be.
    func pinnedRefusal(of reply: borrowing Reply) -> Status? {
        let memory = services.peerMemory
        let bytes = reply.tails.reduce(0) { $0 + ($1.value.isPinned ? $1.value.count : 0) }
        // One that is alone is let through, however large.
        guard bytes > 0, memory.pinned.bytes > bytes else { return nil }
        services.defences.count(.egressMemory)
        return Refusal.answersUnread(limit: memory.pinnedBytesMax).status
    }

    /// Tells the process what waits here, if it is much or was.
    mutating func tellPending() {
        if isProcessFull, toldUnreadBytes > 0 { session.trimSlots() }
        copiedBytesBound = session.pendingBodyBytes - session.pendingReferencedBytes
        if let change = Self.change(from: toldUnreadBytes, to: heldBytes) {
            toldUnreadBytes += change
            services.peerMemory.addUnread(change)
        }
    }

    private static func change(from told: Int, to now: Int) -> Int? {
        let worth = now < ConnectionLimits.toldBytesMin ? 0 : now
        let change = worth - told
        let isWorthTelling =
            worth == 0 || change >= ConnectionLimits.toldBytesMin
            || change <= -ConnectionLimits.toldBytesMin
        return change != 0 && isWorthTelling ? change : nil
    }

    /// The connection is gone, and with it all that waited.
    mutating func takeBackPending() {
        services.peerMemory.addUnread(-toldUnreadBytes)
        toldUnreadBytes = 0
    }
}
