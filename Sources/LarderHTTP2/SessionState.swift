internal import CNghttp2

/// Everything a session's callbacks write: they record here what happened and do nothing else.
///
/// Lies on the heap at a fixed address, which nghttp2 hands to each callback. Nobody holds an access
/// to it while nghttp2 runs, so the callbacks' accesses never overlap another one.
@safe
struct SessionState: ~Copyable {
    typealias Slot = StreamSlab.Slot

    let isServer: Bool
    let bodyLowWaterBytes: Int
    let frameBytesMax: Int
    /// Streams that the peer may have open.
    let streamCountMax: Int
    /// What the body of a request may have that goes past the library.
    let wholeBodyBytesMax: Int
    /// Bytes of the connection's window that may be owed past the library.
    let owedWindowBytesMax: Int
    var streams: StreamSlab
    var headers: HeaderStore
    var events = EventQueue()
    var counters = SessionCounters()
    var budget: FrameBudget
    var scanner: FrameScanner
    var memo: BlockMemo
    let repeatedRequest = RepeatedRequest()
    let tableAddition = TableAddition()
    /// A stream that the library has forgotten; 0: it has forgotten none.
    var closedID: Int32 = 0
    /// The list that the last block became, if it began a request.
    var newList: HeaderRange?
    var unheard = UnheardStreams()
    /// False: since the library last said that it has nothing to send, only questions were asked.
    var mayHaveOutput = true
    /// The stream that the library is being told of, after it went past it.
    var introduced: Slot?
    /// The answers that the session writes itself, and what it needs for them.
    var ready = ReadyAnswers()
    var sentBlocks = SentBlocks()
    /// The block that the library has just made bytes of.
    var madeBlock: HeaderBlock.Key?
    /// The library is sending a header block of several frames.
    var isInsideSentBlock = false
    /// Bytes of the connection's window that such answers took and the library thinks are there.
    var windowDebtBytes = 0
    /// Streams that wait for it to be paid.
    var windowWaiterCount = 0
    var openStreamCount = 0
    /// Body bytes queued on all streams.
    var pendingBodyBytes = 0
    /// Those of them that lie elsewhere and are counted there.
    var pendingReferencedBytes = 0
    /// Received bytes to be given back to the connection's window at the next occasion.
    var owedConnectionBytes = 0
    /// The input of the receive that is going on; data events are offsets into it.
    var input: UnsafeRawPointer?
    var inputBytes = 0
    /// Where a drain that is going on puts its bytes.
    var emitter: UnsafePointer<Emitter>?
    var isOutputFull = false
    /// The peer has made a fault, and what it still says is passed over.
    var isDeaf = false
    /// Streams to be reset once the library may be called again.
    var pendingResets: [(id: Int32, code: UInt32)] = []
    /// Streams that end before their peer does.
    var watchedCount = 0
    var failure: HTTP2Error?
    var terminationCode: UInt32?

    /// The stream whose header list is coming in.
    private var listSlot: Slot?
    // The stream of the last frame: saves a look-up for the frames that follow on the same stream.
    private var recentID: Int32 = 0
    private var recentSlot: Slot?

    init(options: SessionOptions, isServer: Bool) {
        self.isServer = isServer
        bodyLowWaterBytes = options.bodyLowWaterBytes
        frameBytesMax = options.frameBytesMax
        streamCountMax = options.maxConcurrentStreams
        wholeBodyBytesMax = min(OutgoingBody.frameBytes, options.initialWindowBytes)
        owedWindowBytesMax = options.connectionWindowBytes / 4
        memo = BlockMemo(varyingField: options.varyingField)
        scanner = FrameScanner(expectsPreface: isServer)
        budget = FrameBudget(options)
        // Open streams, and those that closed in the same receive: resets are rationed, so that
        // there are not more of them than could be open.
        let streamCount = max(options.maxConcurrentStreams, 1)
        streams = StreamSlab(countMax: streamCount * 2 + options.streamResetBurst + 64)
        headers = HeaderStore(
            listBytesMax: options.maxHeaderListBytes, listFieldsMax: options.maxHeaderFields)
    }

    // MARK: input

    /// Takes the rest of what the last read has torn.
    mutating func completeHeld(
        _ bytes: UnsafeBufferPointer<UInt8>
    ) -> (taken: Int, held: HeldFrame) {
        unsafe input = UnsafeRawPointer(bytes.baseAddress)
        inputBytes = bytes.count
        return unsafe scanner.completeHeld(
            bytes, unheard: &unheard, counters: &counters)
    }

    /// Where the bytes end that can be given to the library now, or what should be seen first.
    mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> ScanStop {
        unsafe scanner.scan(bytes, from: start, unheard: &unheard, counters: &counters)
    }

    /// What to do with the block of a whole HEADERS frame.
    mutating func look(_ block: UnsafeBufferPointer<UInt8>) -> BlockMemo.Finding {
        guard isServer else { return .passed }
        if scanner.hasPassedBlock {
            scanner.hasPassedBlock = false
            memo.forget()
        }
        return unsafe memo.look(block)
    }

    /// The library has just had the block that was looked at, and made a list of it unless it did
    /// not like it.
    mutating func learn(_ block: UnsafeBufferPointer<UInt8>, tableBytes: Int) {
        unsafe memo.learn(block, newList, headers, tableBytes: tableBytes)
        newList = nil
    }

    /// No event points to a list any more.
    mutating func forgetLists() {
        headers.beginReceive()
        memo.beginReceive()
    }

    /// A fault of a client's frames that the library has not seen; a server's are let pass.
    mutating func takeFault() -> StreamFault? {
        let fault = scanner.fault
        scanner.fault = nil
        guard isServer, let fault else { return nil }
        isDeaf = true
        return fault
    }

    /// What the peer has done beyond its budget since the last look. Most looks end at the guard.
    @inline(__always)
    mutating func overspending(nowNanos: UInt64) -> Overspending? {
        guard counters.budgetedCount != budget.seenCount else { return nil }
        return budget.check(counters, nowNanos: nowNanos)
    }

    /// Lets go of what is kept for later use. False: a stream is open or an event waits.
    mutating func rest() -> Bool {
        guard openStreamCount == 0, streams.usedCount == 0, events.isEmpty, ready.isEmpty,
            unsafe listSlot == nil
        else { return false }
        recentID = 0
        unsafe recentSlot = nil
        streams.letGo()
        headers.letGo()
        memo.letGo()
        unheard.letGo()
        ready.letGo()
        events.letGo()
        pendingResets = []
        return true
    }

    mutating func inputEnded() {
        unsafe input = nil
        inputBytes = 0
    }

    // MARK: streams

    mutating func openStream(id: Int32) -> Slot? {
        guard let slot = unsafe streams.take(id: id) else { return nil }
        openStreamCount += 1
        counters.streamsOpened &+= 1
        return unsafe slot
    }

    func recent(_ id: Int32) -> Slot? { unsafe recentID == id ? recentSlot : nil }

    mutating func remember(_ slot: Slot) {
        unsafe recentID = slot.pointee.id
        unsafe recentSlot = slot
    }

    /// False: the event could not be recorded.
    mutating func streamClosed(_ slot: Slot, code: UInt32) -> Bool {
        if unsafe recentSlot == slot {
            recentID = 0
            unsafe recentSlot = nil
        }
        if unsafe listSlot == slot { unsafe listSlot = nil }
        openStreamCount -= 1
        counters.streamsClosed &+= 1
        pendingBodyBytes -= unsafe slot.pointee.body.count
        pendingReferencedBytes -= unsafe slot.pointee.body.referencedCount
        if unsafe slot.pointee.isWatched { watchedCount -= 1 }
        if unsafe slot.pointee.isAwaitingWindow { windowWaiterCount -= 1 }
        unsafe slot.pointee.isAwaitingWindow = false
        unsafe slot.pointee.isWatched = false
        unsafe slot.pointee.releaseOutput()
        unsafe slot.pointee.isClosed = true
        guard unsafe slot.pointee.isAnnounced else {
            unsafe freeSlot(slot)
            return true
        }
        let record = unsafe EventRecord(.closed, slot.pointee.reference, code: code)
        return events.append(record) != nil
    }

    /// Ends a slot's life; bytes that nobody consumed go back to the connection.
    mutating func freeSlot(_ slot: Slot) {
        owedConnectionBytes += unsafe slot.pointee.unconsumedBytes
        unsafe streams.giveBack(slot)
    }

    // MARK: header lists

    mutating func listBegan(_ slot: Slot) {
        unsafe listSlot = slot
        unsafe remember(slot)
        headers.beginList()
    }

    /// What comes next is nobody's list, though the last one may not have come to its end.
    mutating func listAbandoned() { unsafe listSlot = nil }

    mutating func fieldReceived(
        name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>
    ) {
        guard unsafe listSlot != nil else { return }
        unsafe headers.append(name: name, value: value)
    }

    mutating func listEnded(endOfStream: Bool) -> Bool {
        guard let slot = unsafe listSlot else { return true }
        unsafe listSlot = nil
        if endOfStream { unsafe slot.pointee.hasPeerEnded = true }
        let stream = unsafe slot.pointee.reference
        guard let range = headers.endList() else {
            counters.headerListsRefused &+= 1
            unsafe slot.pointee.isAnnounced = true
            unsafe slot.pointee.hasHeaders = true
            let refused = events.append(EventRecord(.headersTooLarge, stream)) != nil
            guard refused, endOfStream else { return refused }
            return events.append(EventRecord(.endOfStream, stream)) != nil
        }
        if unsafe isServer ? slot.pointee.isEnding : headers.isInterim(range) {
            headers.dropList()
            return true
        }
        let isFirst = unsafe !slot.pointee.hasHeaders
        if isFirst { newList = range }
        var record = EventRecord(isFirst ? .headers : .trailers, stream)
        record.fields = range
        record.endOfStream = endOfStream
        unsafe slot.pointee.hasHeaders = true
        unsafe slot.pointee.isAnnounced = true
        return events.append(record) != nil
    }

    // MARK: body bytes received

    mutating func dataReceived(_ slot: Slot, start: UnsafeRawPointer, count: Int) -> Bool {
        guard unsafe !(isServer && slot.pointee.isEnding) else {
            // The answer is complete: what the peer still sends is dropped.
            owedConnectionBytes += count
            return true
        }
        guard let input = unsafe input else { return false }
        let offset = unsafe start - input
        guard offset >= 0, count <= inputBytes - offset else { return false }
        unsafe slot.pointee.unconsumedBytes += count
        var record = unsafe EventRecord(.data, slot.pointee.reference)
        record.first = offset
        record.count = count
        guard let sequence = events.append(record) else { return false }
        unsafe slot.pointee.lastDataEvent = sequence
        return true
    }

    mutating func bodyEnded(_ slot: Slot) -> Bool {
        unsafe slot.pointee.hasPeerEnded = true
        if unsafe isServer && slot.pointee.isEnding { return true }
        if unsafe events.foldEndOfStream(into: slot.pointee.lastDataEvent) { return true }
        return unsafe events.append(EventRecord(.endOfStream, slot.pointee.reference)) != nil
    }

    mutating func record(_ record: EventRecord) -> Bool { events.append(record) != nil }

    // MARK: body bytes sent

    /// How much of the body the next DATA frame carries, and whether it is the last of it.
    /// Nil: nothing now.
    mutating func frameBegan(
        _ slot: Slot, bytesMax: Int, windowBytes: Int
    ) -> (bytes: Int, isLast: Bool)? {
        let count = unsafe slot.pointee.body.count
        let isEnding = unsafe slot.pointee.isEnding
        let isOver = unsafe slot.pointee.isEndSubmitted || slot.pointee.isReset
        guard !isOver, count > 0 || isEnding else {
            unsafe slot.pointee.isDeferred = true
            return nil
        }
        let bytes = min(count, bytesMax, windowLeft(windowBytes))
        guard bytes > 0 || count == 0 else {
            unsafe slot.pointee.isDeferred = true
            if unsafe !slot.pointee.isAwaitingWindow { windowWaiterCount += 1 }
            unsafe slot.pointee.isAwaitingWindow = true
            return nil
        }
        unsafe slot.pointee.framedBytes = bytes
        return (bytes, isEnding && bytes == count)
    }

    mutating func endSubmitted(_ slot: Slot) {
        unsafe slot.pointee.isEndSubmitted = true
        guard isServer, unsafe !slot.pointee.hasPeerEnded, unsafe !slot.pointee.isWatched else {
            return
        }
        unsafe slot.pointee.isWatched = true
        watchedCount += 1
    }

    /// Puts one DATA frame into the output. False: the event could not be recorded.
    mutating func frameReady(
        _ slot: Slot, head: UnsafePointer<UInt8>, bytes: Int, emit: borrowing Emitter
    ) -> Bool {
        let before = unsafe slot.pointee.body.count
        let referencedBefore = unsafe slot.pointee.body.referencedCount
        guard bytes <= before else { return false }
        if unsafe !slot.pointee.body.emitFrame(head: head, payloadBytes: bytes, to: emit) {
            isOutputFull = true
        }
        unsafe slot.pointee.framedBytes = 0
        unsafe slot.pointee.sentBytes &+= UInt64(bytes)
        counters.bodyBytesSent &+= UInt64(bytes)
        pendingBodyBytes -= bytes
        pendingReferencedBytes -= unsafe referencedBefore - slot.pointee.body.referencedCount
        guard unsafe !slot.pointee.isEnding, bytes > 0 else { return true }
        let after = before - bytes
        let isLow = before >= bodyLowWaterBytes && after < bodyLowWaterBytes
        guard isLow || after == 0, unsafe !slot.pointee.hasQueuedBodyLow else { return true }
        unsafe slot.pointee.hasQueuedBodyLow = true
        return unsafe events.append(EventRecord(.bodyLow, slot.pointee.reference)) != nil
    }

    /// A frame with END_STREAM is out: if the peer has not ended its side, nobody will read it.
    mutating func endSent(_ slot: Slot) {
        guard unsafe slot.pointee.isWatched else { return }
        unsafe slot.pointee.isWatched = false
        watchedCount -= 1
        guard unsafe !slot.pointee.hasPeerEnded, unsafe !slot.pointee.isReset else { return }
        unsafe slot.pointee.isReset = true
        unsafe pendingResets.append((id: slot.pointee.id, code: NGHTTP2_NO_ERROR.rawValue))
    }

    /// How long the slowest stream has taken nothing of its body, as far as looks have seen.
    func longestUnreadNanos(nowNanos: UInt64) -> UInt64 {
        guard pendingBodyBytes > 0 else { return 0 }
        var longest: UInt64 = 0
        unsafe streams.forEachUsed { slot in
            let sent = unsafe slot.pointee.sentBytes
            if unsafe slot.pointee.body.count == 0 {
                unsafe slot.pointee.unreadMark = .max
            } else if unsafe slot.pointee.unreadMark != sent {
                unsafe slot.pointee.unreadMark = sent
                unsafe slot.pointee.unreadSinceNanos = nowNanos
            } else if unsafe nowNanos > slot.pointee.unreadSinceNanos {
                longest = unsafe max(longest, nowNanos - slot.pointee.unreadSinceNanos)
            }
        }
        return longest
    }

    /// The stream whose header list is coming in, if one is.
    var openHeaderList: Int32? {
        guard let slot = unsafe listSlot else { return nil }
        return unsafe slot.pointee.id
    }

    /// A header list of ours could not be sent: the stream cannot go on.
    mutating func headersNotSent(_ slot: Slot) {
        guard unsafe !slot.pointee.isReset, unsafe !slot.pointee.isClosed else { return }
        unsafe slot.pointee.isReset = true
        unsafe pendingResets.append((id: slot.pointee.id, code: NGHTTP2_INTERNAL_ERROR.rawValue))
    }
}
