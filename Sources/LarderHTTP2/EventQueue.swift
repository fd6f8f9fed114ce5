/// The events that were recorded and not yet taken, in order.
///
/// - Complexity: O(1) for everything; memory is kept between uses up to `keptCount` records.
@safe
struct EventQueue: ~Copyable {
    /// More events than any receive buffer can hold frames for.
    static let countMax = 1 << 20
    private static let keptCount = 4096
    private static let firstCount = 8

    private var records: UnsafeMutablePointer<EventRecord>
    private var capacity = firstCount
    private var head = 0
    private var tail = 0
    /// The sequence number of the record at index 0. Numbers are never used twice.
    private var firstSequence: UInt64 = 1
    private var receiveSequence: UInt64 = 1

    init() {
        unsafe records = .allocate(capacity: capacity)
    }

    deinit { unsafe records.deallocate() }

    var isEmpty: Bool { head == tail }

    /// Data events recorded from here on belong to one receive, and may be completed until the next.
    mutating func beginReceive() { receiveSequence = firstSequence &+ UInt64(tail) }

    /// Answers the record's sequence number, or nil when the queue is full.
    @discardableResult
    mutating func append(_ record: EventRecord) -> UInt64? {
        if tail == capacity {
            guard makeRoom() else { return nil }
        }
        unsafe records[tail] = record
        tail += 1
        return firstSequence &+ UInt64(tail - 1)
    }

    @inline(__always)
    mutating func next() -> EventRecord? {
        guard head < tail else { return nil }
        let record = unsafe records[head]
        head += 1
        if head == tail { rewind() }
        return record
    }

    /// Marks the data event of that number as the stream's last one. False: it is not of this receive.
    mutating func foldEndOfStream(into sequence: UInt64) -> Bool {
        guard sequence >= receiveSequence, sequence >= firstSequence else { return false }
        let index = Int(sequence &- firstSequence)
        guard index >= head, index < tail else { return false }
        unsafe records[index].endOfStream = true
        return true
    }

    private mutating func rewind() {
        firstSequence &+= UInt64(tail)
        head = 0
        tail = 0
        if capacity > Self.keptCount { shrink() }
    }

    /// Lets go of memory that is kept for later, if no event waits.
    mutating func letGo() {
        if isEmpty, capacity > Self.firstCount { shrink() }
    }

    private mutating func shrink() {
        unsafe records.deallocate()
        capacity = Self.firstCount
        unsafe records = .allocate(capacity: capacity)
    }

    private mutating func makeRoom() -> Bool {
        guard capacity < Self.countMax else { return false }
        let grown = UnsafeMutablePointer<EventRecord>.allocate(capacity: capacity * 2)
        unsafe grown.update(from: records, count: tail)
        unsafe records.deallocate()
        unsafe records = grown
        capacity *= 2
        return true
    }
}

/// An event in 32 bytes without references; what the fields mean depends on `kind`.
struct EventRecord {
    enum Kind: UInt8 {
        case headers, trailers, headersTooLarge, data, endOfStream, reset, closed, bodyLow
        case goAway, settingsReceived, settingsAcknowledged, pingAcknowledged
    }

    var kind: Kind
    var endOfStream = false
    var streamID: Int32 = 0
    var slot: Int32 = 0
    var code: UInt32 = 0
    /// Data: offset and count in the input. Headers: first field and count, and in `code` where the
    /// value is that may differ. Ping: the opaque bytes.
    var first = 0
    var count = 0

    init(_ kind: Kind) { self.kind = kind }

    init(_ kind: Kind, _ stream: StreamRef, code: UInt32 = 0) {
        self.kind = kind
        self.streamID = stream.id
        self.slot = stream.slot
        self.code = code
    }

    var fields: HeaderRange {
        get { HeaderRange(first: first, count: count, varying: Int32(bitPattern: code)) }
        set {
            first = newValue.first
            count = newValue.count
            code = UInt32(bitPattern: newValue.varying)
        }
    }

    @inline(__always)
    var event: SessionEvent {
        let stream = StreamRef(id: streamID, slot: slot)
        switch kind {
        case .headers:
            return .headers(stream, fields, endOfStream: endOfStream)
        case .trailers: return .trailers(stream, fields)
        case .headersTooLarge: return .headersTooLarge(stream)
        case .data:
            return .data(
                stream, first..<(first + count), flowBytes: count, endOfStream: endOfStream)
        case .endOfStream: return .endOfStream(stream)
        case .reset: return .reset(stream, code: code)
        case .closed: return .closed(stream, code: code)
        case .bodyLow: return .bodyLow(stream)
        case .goAway: return .goAway(lastStreamID: streamID, code: code)
        case .settingsReceived: return .settingsReceived
        case .settingsAcknowledged: return .settingsAcknowledged
        case .pingAcknowledged:
            return .pingAcknowledged(opaque: UInt64(bitPattern: Int64(first)))
        }
    }
}
