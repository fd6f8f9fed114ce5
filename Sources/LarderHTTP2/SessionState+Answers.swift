/// Answers that the session writes itself, past the library.
///
/// An ordinary answer is complete when it is submitted: a header block that went out before, one
/// message that the windows let through, trailers that went out before. It is written as frames at
/// once. To the library the stream is then reset, with a code of our own; its frame is not passed
/// on (`AnsweredCode`). What it does not know of is the window that such answers take: they are kept
/// as a debt of its window for the connection (RFC 9113, 6.9), which is paid with the peer's next
/// updates, before the library hears of them. The window of a stream needs no such book, for the
/// stream is over.
extension SessionState {
    /// Writes a whole answer, no longer than the longest frame, if nothing is in its way, and answers
    /// whether it did.
    ///
    /// `windowBytes` are the connection's, as the library sees it; `streamWindowBytes` are what any
    /// stream may be sent that was sent nothing yet, `peerFrameBytes` what any frame may carry.
    mutating func writeAnswer(
        _ slot: Slot, headers: HeaderBlock, body: Span<UInt8>, tail: (any OutgoingBytes)?,
        trailers: HeaderBlock, windowBytes: Int, streamWindowBytes: Int,
        peerFrameBytes: @autoclosure () -> Int
    ) -> Bool {
        // A request that goes on would need the stream, a header block must not be divided, and who
        // waits for window comes first.
        guard unsafe slot.pointee.hasPeerEnded, !isInsideSentBlock, windowWaiterCount == 0,
            let first = unsafe sentBlocks.find(headers), let last = unsafe sentBlocks.find(trailers)
        else { return false }
        let tailBytes = tail.map { $0.bytes.count } ?? 0
        let bytes = body.count + tailBytes
        guard bytes > 0, bytes <= frameBytesMax, bytes <= streamWindowBytes,
            bytes <= windowBytes - windowDebtBytes
        else { return false }
        windowDebtBytes += bytes
        pendingBodyBytes += bytes
        let isUsual = bytes <= OutgoingBody.frameBytes
        let frameBytes = isUsual ? OutgoingBody.frameBytes : min(peerFrameBytes(), frameBytesMax)
        pendingReferencedBytes += unsafe ready.append(
            slot.pointee.id, headers: first, body: body, tail: tailBytes > 0 ? tail : nil,
            tailBytes: tailBytes, trailers: last, frameBytes: frameBytes)
        counters.dataSent &+= isUsual ? 1 : UInt64((bytes + frameBytes - 1) / frameBytes)
        counters.headersSent &+= 2
        unsafe slot.pointee.isEnding = true
        unsafe slot.pointee.isEndSubmitted = true
        return true
    }

    /// Gives the output the answers that wait, before the library says anything.
    @inline(__always)
    mutating func emitReady(to emit: borrowing Emitter) {
        while !ready.isEmpty, !isOutputFull {
            let emitted = ready.emitSome(bytesMax: frameBytesMax, to: emit)
            counters.bodyBytesSent &+= UInt64(emitted.bodyBytes)
            pendingBodyBytes -= emitted.bodyBytes
            pendingReferencedBytes -= emitted.countedBytes
            isOutputFull = !emitted.hasRoom
        }
    }

    /// Whether a frame of the library's is a reset that stands for an answer.
    static func isOfAnswered(_ frame: UnsafePointer<UInt8>, count: Int) -> Bool {
        unsafe count == AnsweredCode.frameBytes && frame[3] == FrameType.reset
            && AnsweredCode.isOne(number(frame + FrameScanner.headBytes))
    }

    /// The library is done with such a reset, and closes the stream next.
    mutating func answeredSent(_ id: Int32, code: UInt32) {
        if let slot = unsafe streams.find(StreamRef(id: id, slot: AnsweredCode.slot(code))) {
            unsafe remember(slot)
        }
    }

    /// Four bytes in the order of the wire.
    static func number(_ bytes: UnsafePointer<UInt8>) -> UInt32 {
        unsafe UInt32(
            bigEndian: UnsafeRawPointer(bytes).loadUnaligned(as: UInt32.self))
    }

    // MARK: header blocks that the library sends

    /// The library has made bytes of one of the stream's blocks, which come next.
    mutating func blockMade(_ slot: Slot, isEnd: Bool) {
        unsafe madeBlock = slot.pointee.headers.use { unsafe $0.key } ?? nil
        guard isEnd else { return }
        unsafe slot.pointee.trailers.use { unsafe madeBlock = $0.key }
    }

    /// Looks at a frame that the library sends: its bytes are kept if they are a block that can be
    /// sent again.
    mutating func frameSent(_ frame: UnsafeBufferPointer<UInt8>) {
        let made = unsafe madeBlock
        unsafe madeBlock = nil
        let isWhole = unsafe frame[4] & FrameFlag.endOfHeaders != 0
        switch unsafe frame[3] {
        case FrameType.headers, FrameType.pushPromise:
            isInsideSentBlock = !isWhole
            // There is no padding in it, and no priority.
            let block = unsafe UnsafeBufferPointer(rebasing: frame[FrameScanner.headBytes...])
            guard isWhole, unsafe HeaderBlockWalk.leavesTable(block) else {
                return sentBlocks.forget()
            }
            if let made = unsafe made { unsafe sentBlocks.learn(made, block) }
        case FrameType.continuation: isInsideSentBlock = !isWhole
        default: break
        }
    }

    // MARK: the connection's window

    /// Pays the debt with an update of the peer's; what is left is for the library. Nil: nothing is.
    ///
    /// An update of 0 is a fault, which the library is to see.
    mutating func settleWindow(_ increment: Int) -> Int? {
        guard increment > 0 else { return increment }
        let paid = min(increment, windowDebtBytes)
        windowDebtBytes -= paid
        return paid < increment ? increment - paid : nil
    }

    /// What a DATA frame of the library's may carry, of the window that it sees.
    func windowLeft(_ windowBytes: Int) -> Int { max(0, windowBytes - windowDebtBytes) }

    /// Streams whose body waits for window that only the library thinks is there: as many as there
    /// are bytes for.
    mutating func takeWaiters(countMax: Int) -> [Slot] {
        var waiters: [Slot] = unsafe []
        unsafe streams.forEachUsed { slot in
            guard unsafe slot.pointee.isAwaitingWindow, unsafe waiters.count < countMax else {
                return
            }
            unsafe slot.pointee.isAwaitingWindow = false
            unsafe waiters.append(slot)
        }
        windowWaiterCount -= unsafe waiters.count
        return unsafe waiters
    }
}

/// The error code with which the library resets a stream that was answered past it: no code of
/// RFC 9113, 7, and it says which slot is the stream's.
enum AnsweredCode {
    static let frameBytes = FrameScanner.headBytes + 4
    private static let tag: UInt32 = 0xA5
    private static let slotBits: UInt32 = 24

    // There are never as many slots as that, and one that is not found is looked for.
    static func code(slot: Int32) -> UInt32 {
        tag << slotBits | UInt32(bitPattern: slot) & (1 << slotBits - 1)
    }

    static func isOne(_ code: UInt32) -> Bool { code >> slotBits == tag }

    static func slot(_ code: UInt32) -> Int32 { Int32(code & (1 << slotBits - 1)) }
}
