/// What a session knows of one stream. Lives at a stable address that nghttp2 keeps for us.
struct StreamSlot: ~Copyable {
    let index: Int32
    /// 0: the slot is free.
    var id: Int32 = 0

    /// The caller knows of the stream, so it gets a closed event.
    var isAnnounced = false
    /// The first (final) header list has come, so the next one are trailers.
    var hasHeaders = false
    /// END_STREAM was received.
    var hasPeerEnded = false
    /// Headers were submitted (a response, or a client's request).
    var hasAnswered = false
    /// Nothing more will be queued: what is queued is the rest.
    var isEnding = false
    /// The end (trailers, or END_STREAM on DATA) is with nghttp2.
    var isEndSubmitted = false
    /// Submitted an end while the peer's side was open: reset it once the end is out.
    var isWatched = false
    /// nghttp2 was told to come back for more body and waits to be woken.
    var isDeferred = false
    /// It waits so for window of the connection that others' answers have taken.
    var isAwaitingWindow = false
    /// A `.bodyLow` that was not taken yet.
    var hasQueuedBodyLow = false
    /// We sent or queued RST_STREAM.
    var isReset = false
    /// nghttp2 has forgotten the stream, or never heard of it; the closed event was not taken yet.
    var isClosed = false
    /// nghttp2 has not heard of the stream yet.
    var isUnheard = false

    /// Bytes that were promised to a DATA frame and not handed over yet.
    var framedBytes = 0
    /// Received bytes that were not given back.
    var unconsumedBytes = 0
    /// Received bytes that were given back to the connection alone.
    var withheldBytes = 0
    /// Body bytes given to the output.
    var sentBytes: UInt64 = 0
    /// `sentBytes` at the first look that found as much sent and more to send, and when that was.
    var unreadMark = UInt64.max
    var unreadSinceNanos: UInt64 = 0
    var lastDataEvent: UInt64 = 0
    var headers = HeldBlock()
    var trailers = HeldBlock()
    var body = OutgoingBody()

    init(index: Int32) { self.index = index }

    var reference: StreamRef { StreamRef(id: id, slot: index) }

    /// Lets go of everything that was to be sent.
    mutating func releaseOutput() {
        body.clear()
        headers.clear()
        trailers.clear()
    }

    /// Makes a slot that holds no output ready for stream `newID`, keeping its small buffer.
    mutating func restart(id newID: Int32) {
        id = newID
        isAnnounced = false
        hasHeaders = false
        hasPeerEnded = false
        hasAnswered = false
        isEnding = false
        isEndSubmitted = false
        isWatched = false
        isDeferred = false
        isAwaitingWindow = false
        hasQueuedBodyLow = false
        isReset = false
        isClosed = false
        isUnheard = false
        framedBytes = 0
        unconsumedBytes = 0
        withheldBytes = 0
        sentBytes = 0
        unreadMark = .max
        lastDataEvent = 0
    }
}

/// The streams of a session: dense, reused slots at addresses that never move.
@safe
struct StreamSlab: ~Copyable {
    typealias Slot = UnsafeMutablePointer<StreamSlot>

    private static let chunkCount = 16

    private let countMax: Int
    private var chunks: [Slot]
    private var free: [Int32] = []
    /// Slots that are taken, closed streams whose last event waits included.
    private(set) var usedCount = 0

    init(countMax: Int) {
        self.countMax = countMax
        unsafe chunks = []
    }

    deinit { freeChunks() }

    private func freeChunks() {
        for index in 0..<chunkTotal {
            unsafe chunks[index].deinitialize(count: Self.chunkCount)
            unsafe chunks[index].deallocate()
        }
    }

    /// Lets go of all slots, if none is taken.
    mutating func letGo() {
        guard usedCount == 0 else { return }
        freeChunks()
        unsafe chunks = []
        free = []
    }

    /// Lets go of the last slots, as far as none of them is taken.
    mutating func trim() {
        while let chunk = unsafe chunks.last {
            for offset in 0..<Self.chunkCount where unsafe chunk[offset].id > 0 { return }
            let first = Int32(slotCount - Self.chunkCount)
            free.removeAll { $0 >= first }
            unsafe chunk.deinitialize(count: Self.chunkCount)
            unsafe chunk.deallocate()
            unsafe chunks.removeLast()
        }
    }

    /// A slot for stream `id`, or nil if there are too many.
    mutating func take(id: Int32) -> Slot? {
        if free.isEmpty {
            guard usedCount < countMax else { return nil }
            addChunk()
        }
        guard let index = free.popLast() else { return nil }
        usedCount += 1
        let slot = unsafe address(index)
        unsafe slot.pointee.restart(id: id)
        return unsafe slot
    }

    mutating func giveBack(_ slot: Slot) {
        let index = unsafe slot.pointee.index
        unsafe slot.pointee.releaseOutput()
        unsafe slot.pointee.id = 0
        usedCount -= 1
        free.append(index)
    }

    /// The slot of a stream whose last event was not taken yet.
    func find(_ stream: StreamRef) -> Slot? {
        let index = Int(stream.slot)
        guard stream.id > 0, index >= 0, index < slotCount else { return nil }
        let slot = unsafe address(stream.slot)
        return unsafe slot.pointee.id == stream.id ? slot : nil
    }

    /// Calls `body` with every slot that is taken.
    func forEachUsed(_ body: (Slot) -> Void) {
        guard usedCount > 0 else { return }
        for index in 0..<Int32(slotCount) {
            let slot = unsafe address(index)
            if unsafe slot.pointee.id > 0 { unsafe body(slot) }
        }
    }

    private var chunkTotal: Int { unsafe chunks.count }

    /// Slots that there is memory for.
    var slotCount: Int { chunkTotal * Self.chunkCount }

    private func address(_ index: Int32) -> Slot {
        unsafe chunks[Int(index) / Self.chunkCount] + Int(index) % Self.chunkCount
    }

    private mutating func addChunk() {
        let first = Int32(slotCount)
        let chunk = Slot.allocate(capacity: Self.chunkCount)
        for offset in 0..<Self.chunkCount {
            unsafe (chunk + offset).initialize(to: StreamSlot(index: first + Int32(offset)))
        }
        unsafe chunks.append(chunk)
        // The lowest index is taken first, so that callers' arrays stay short.
        for offset in (0..<Int32(Self.chunkCount)).reversed() { free.append(first + offset) }
    }
}
