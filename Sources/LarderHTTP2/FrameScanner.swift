/// Walks over the frame heads of a peer's bytes: counts every frame, finds a head that a read has
/// torn, and takes out what the library is not to see at once.
///
/// nghttp2 tells only of frames that it looks into, not of unknown types or of DATA for streams
/// that are gone; whoever budgets frames must see them all. And its release 1.52 counts a
/// CONTINUATION once per read that brings a part of its head, so that a slow client could pass the
/// limit with one frame. A torn head is therefore kept here until it is whole. So is an update of
/// the connection's window, whose number is no longer the library's alone (`SessionState`).
@safe
struct FrameScanner: ~Copyable {
    static let headBytes = 9
    /// The last byte of the payload's length, which has three.
    static let lengthOffset = 2
    static let streamOffset = 5
    /// RST_STREAM and WINDOW_UPDATE: all that is ever kept of a torn frame.
    private static let shortFrameBytes = headBytes + 4
    private static let prefaceBytes = 24

    private let isServer: Bool
    private var prefaceLeft: Int
    private var payloadLeft = 0
    private let held: UnsafeMutablePointer<UInt8>
    private var heldCount = 0
    /// What is held is to be all of a frame, and not its head alone.
    private var isHoldingWhole = false
    private var endedStreams = EndedStreams()
    /// The first fault that was found and not taken.
    var fault: StreamFault?
    private var isInData = false
    /// A CONTINUATION has to come next.
    private var isInsideBlock = false
    /// A part of a header block has gone by that was not stopped at.
    var hasPassedBlock = false

    /// A frame other than DATA has come in part.
    var isInsideControlFrame: Bool { heldCount > 0 || payloadLeft > 0 && !isInData }

    init(expectsPreface: Bool) {
        isServer = expectsPreface
        prefaceLeft = expectsPreface ? Self.prefaceBytes : 0
        unsafe held = .allocate(capacity: Self.shortFrameBytes)
    }

    deinit { unsafe held.deallocate() }

    /// Completes what is held with the first bytes of `input`, and answers how many it took.
    mutating func completeHeld(
        _ input: UnsafeBufferPointer<UInt8>, unheard: inout UnheardStreams,
        counters: inout SessionCounters
    ) -> (taken: Int, held: HeldFrame) {
        guard heldCount > 0 else { return unsafe (0, .nothing) }
        var taken = 0
        if heldCount < Self.headBytes {
            taken = unsafe hold(input, from: 0, upTo: Self.headBytes)
            guard heldCount == Self.headBytes else { return unsafe (taken, .nothing) }
            unsafe note(head: held, &counters)
            if unsafe unheard.isMissed(Self.streamID(held)) {
                switch unsafe fateOfOver(held) {
                case .dropped: isHoldingWhole = true
                case .fault:
                    heldCount = 0
                    return unsafe (taken, .fault)
                case .forLibrary: break
                }
            } else if unsafe Self.isOfBlock(held) {
                unsafe passBlock(held, &unheard)
            }
            if unsafe isWindowUpdate(held) { isHoldingWhole = true }
        }
        guard isHoldingWhole else {
            heldCount = 0
            return unsafe (taken, .head(held))
        }
        payloadLeft = 0
        taken += unsafe hold(input, from: taken, upTo: Self.shortFrameBytes)
        guard heldCount == Self.shortFrameBytes else { return unsafe (taken, .nothing) }
        heldCount = 0
        isHoldingWhole = false
        guard unsafe Self.streamID(held) == 0 else { return unsafe (taken, .nothing) }
        return unsafe (taken, .windowUpdate(Self.increment(held)))
    }

    /// Holds bytes of `input` until there are `count`, and answers how many it took.
    private mutating func hold(
        _ input: UnsafeBufferPointer<UInt8>, from start: Int, upTo count: Int
    ) -> Int {
        let taken = min(count - heldCount, input.count - start)
        for index in 0..<taken { unsafe held[heldCount + index] = input[start + index] }
        heldCount += taken
        return taken
    }

    /// Keeps all of a frame that has come in part.
    private mutating func holdWhole(_ input: UnsafeBufferPointer<UInt8>, from start: Int) {
        payloadLeft = 0
        isHoldingWhole = true
        _ = unsafe hold(input, from: start, upTo: Self.shortFrameBytes)
    }

    /// The library gets a part of a block that was not stopped at.
    private mutating func passBlock(
        _ head: UnsafePointer<UInt8>, _ unheard: inout UnheardStreams
    ) {
        hasPassedBlock = true
        unsafe unheard.heard(Self.streamID(head))
    }

    /// The library gets a frame at whose head the last scan stopped: trailers, perhaps.
    mutating func passIfBlock(_ head: UnsafePointer<UInt8>) {
        if unsafe Self.isOfBlock(head) { hasPassedBlock = true }
    }

    /// Walks over `input` from `start`, to a torn head, which is kept, to the end, or past a frame
    /// that is to be looked at.
    mutating func scan(
        _ input: UnsafeBufferPointer<UInt8>, from start: Int, unheard: inout UnheardStreams,
        counters: inout SessionCounters
    ) -> ScanStop {
        guard let base = input.baseAddress else { return .end(start) }
        let end = input.count
        var at = start
        if prefaceLeft > 0 {
            let skipped = min(prefaceLeft, end - at)
            prefaceLeft -= skipped
            at += skipped
        }
        while true {
            let skipped = min(payloadLeft, end - at)
            payloadLeft -= skipped
            at += skipped
            guard at < end else { return .end(end) }
            guard end - at >= Self.headBytes else {
                _ = unsafe hold(input, from: at, upTo: Self.headBytes)
                return .end(at)
            }
            let head = unsafe base + at
            let isInTurn = !isInsideBlock
            unsafe note(head: head, &counters)
            let headStart = at
            at += Self.headBytes
            if unsafe unheard.isMissed(Self.streamID(head)) {
                return .missed(head: headStart, end: at)
            }
            if unsafe Self.isOfBlock(head) {
                if isInTurn, payloadLeft > 0, payloadLeft <= end - at,
                    unsafe Self.isOnlyBlock(head)
                {
                    at += payloadLeft
                    payloadLeft = 0
                    return .block(head: headStart, end: at)
                }
                unsafe passBlock(head, &unheard)
            } else if unsafe isWindowUpdate(head) {
                guard payloadLeft <= end - at else {
                    unsafe holdWhole(input, from: headStart)
                    return .end(headStart)
                }
                at += payloadLeft
                payloadLeft = 0
                return unsafe .windowUpdate(
                    head: headStart, end: at, increment: Self.increment(head))
            }
        }
    }

    /// The payload of the frame at `headStart`, if it is DATA without padding that ends its stream
    /// and lies whole in `input`.
    func wholeBody(_ input: UnsafeBufferPointer<UInt8>, headStart: Int) -> Range<Int>? {
        let start = headStart + Self.headBytes
        guard start <= input.count,
            let head = unsafe input.baseAddress.map({ unsafe $0 + headStart }),
            unsafe head[3] == FrameType.data, unsafe head[4] == FrameFlag.endOfStream
        else { return nil }
        let bytes = unsafe Self.payloadBytes(head)
        guard bytes > 0, bytes <= input.count - start else { return nil }
        return start..<(start + bytes)
    }

    /// Takes a frame about a stream that is over and of which the library has not heard, at whose head
    /// the last scan stopped.
    mutating func takeOfOver(
        _ input: UnsafeBufferPointer<UInt8>, headStart: Int
    ) -> MissedFrame? {
        guard let base = input.baseAddress else { return nil }
        switch unsafe fateOfOver(base + headStart) {
        case .fault: return nil
        case .forLibrary: return .forLibrary
        case .dropped:
            let end = headStart + Self.shortFrameBytes
            guard end <= input.count else {
                unsafe holdWhole(input, from: headStart)
                return .taken(input.count)
            }
            payloadLeft = 0
            return .taken(end)
        }
    }

    private enum FateOfOver {
        case dropped, forLibrary, fault
    }

    /// RST_STREAM and WINDOW_UPDATE mean nothing any more on a stream that is over, DATA and HEADERS
    /// must not be sent (RFC 9113, 5.1), and of the others the library does not ask which streams
    /// there are.
    private mutating func fateOfOver(_ head: UnsafePointer<UInt8>) -> FateOfOver {
        switch unsafe FrameKind(type: head[3]) {
        case .reset, .windowUpdate:
            let isWhole = unsafe Self.payloadBytes(head) == Self.shortFrameBytes - Self.headBytes
            if isWhole { return .dropped }
            fault = fault ?? .frameSize
        case .data, .headers: fault = fault ?? .streamClosed
        case .priority, .settings, .ping, .goAway, .other: return .forLibrary
        }
        return .fault
    }

    /// The payload that comes next is somebody else's.
    mutating func skipPayload() { payloadLeft = 0 }

    /// An update of the connection's window, as it should be: any other fault is the library's.
    private func isWindowUpdate(_ head: UnsafePointer<UInt8>) -> Bool {
        unsafe isServer && head[3] == FrameType.windowUpdate && !isInsideBlock
            && Self.payloadBytes(head) == Self.shortFrameBytes - Self.headBytes
            && Self.streamID(head) == 0
    }

    private static func increment(_ frame: UnsafePointer<UInt8>) -> Int {
        unsafe Int(SessionState.number(frame + headBytes) & 0x7FFF_FFFF)
    }

    private static func payloadBytes(_ head: UnsafePointer<UInt8>) -> Int {
        unsafe Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
    }

    static func streamID(_ head: UnsafePointer<UInt8>) -> Int32 {
        unsafe Int32(bitPattern: SessionState.number(head + streamOffset) & 0x7FFF_FFFF)
    }

    private static func isOfBlock(_ head: UnsafePointer<UInt8>) -> Bool {
        switch unsafe head[3] {
        case FrameType.headers, FrameType.pushPromise, FrameType.continuation: true
        default: false
        }
    }

    /// A HEADERS frame without padding or priority whose block needs no CONTINUATION.
    private static func isOnlyBlock(_ head: UnsafePointer<UInt8>) -> Bool {
        let flags = unsafe head[4] & ~FrameFlag.endOfStream
        return unsafe head[3] == FrameType.headers && flags == FrameFlag.endOfHeaders
    }

    private mutating func note(head: UnsafePointer<UInt8>, _ counters: inout SessionCounters) {
        payloadLeft = unsafe Self.payloadBytes(head)
        let kind = unsafe FrameKind(type: head[3])
        unsafe counters.received(kind, payloadBytes: payloadLeft, flags: head[4])
        isInData = kind == .data
        if unsafe Self.isOfBlock(head) {
            isInsideBlock = unsafe head[4] & FrameFlag.endOfHeaders == 0
        }
        unsafe lookForFault(kind, head)
    }

    @inline(__always)
    private mutating func lookForFault(_ kind: FrameKind, _ head: UnsafePointer<UInt8>) {
        let found = unsafe endedStreams.fault(
            kind, on: Self.streamID(head), endOfStream: head[4] & 1 != 0)
        if fault == nil { fault = found }
    }
}

/// What was torn and is whole now.
@unsafe
enum HeldFrame {
    case nothing
    /// A frame's head, for the library.
    case head(UnsafePointer<UInt8>)
    case windowUpdate(Int)
    /// Not to be gone on from.
    case fault
}

/// A frame about a stream of which the library has not heard.
enum MissedFrame {
    /// It was taken past the library, to this place of the input.
    case taken(Int)
    case forLibrary
}

/// How far a scan has come: all before it can be given to the library.
enum ScanStop {
    case end(Int)
    /// A whole header block and nothing else.
    case block(head: Int, end: Int)
    /// An update of the connection's window.
    case windowUpdate(head: Int, end: Int, increment: Int)
    /// The head of a frame about a stream of which the library has not heard.
    case missed(head: Int, end: Int)
}

/// Types of frames (RFC 9113, 6).
enum FrameType {
    static let data: UInt8 = 0
    static let headers: UInt8 = 1
    static let reset: UInt8 = 3
    static let settings: UInt8 = 4
    static let pushPromise: UInt8 = 5
    static let goAway: UInt8 = 7
    static let windowUpdate: UInt8 = 8
    static let continuation: UInt8 = 9
}
