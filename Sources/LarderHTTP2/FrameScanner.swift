/// Walks over the frame heads of a peer's bytes: counts every frame, and finds a head that a read
/// has torn.
///
/// nghttp2 tells only of frames that it looks into, not of unknown types or of DATA for streams
/// that are gone; whoever budgets frames must see them all. And its release 1.52 counts a
/// CONTINUATION once per read that brings a part of its head, so that a slow client could pass the
/// limit with one frame. A torn head is therefore kept here until it is whole.
@safe
struct FrameScanner: ~Copyable {
    static let headBytes = 9
    private static let prefaceBytes = 24

    private var prefaceLeft: Int
    private var payloadLeft = 0
    private let held: UnsafeMutablePointer<UInt8>
    private var heldCount = 0
    private var endedStreams = EndedStreams()
    /// The first fault that was found and not taken.
    var fault: StreamFault?
    private var isInData = false
    /// A part of a header block has gone by that was not stopped at.
    var hasPassedBlock = false

    /// A frame other than DATA has come in part.
    var isInsideControlFrame: Bool { heldCount > 0 || payloadLeft > 0 && !isInData }

    init(expectsPreface: Bool) {
        prefaceLeft = expectsPreface ? Self.prefaceBytes : 0
        unsafe held = .allocate(capacity: Self.headBytes)
    }

    deinit { unsafe held.deallocate() }

    /// Completes a torn head with the first bytes of `input`.
    ///
    /// Answers how many bytes of `input` it took, and the head if it is whole now.
    mutating func completeHead(
        _ input: UnsafeBufferPointer<UInt8>, counters: inout SessionCounters
    ) -> (taken: Int, head: UnsafePointer<UInt8>?) {
        guard heldCount > 0 else { return (0, nil) }
        let taken = min(Self.headBytes - heldCount, input.count)
        for index in 0..<taken { unsafe held[heldCount + index] = input[index] }
        heldCount += taken
        guard heldCount == Self.headBytes else { return (taken, nil) }
        heldCount = 0
        unsafe note(head: held, &counters)
        if unsafe Self.isOfBlock(held) { hasPassedBlock = true }
        return unsafe (taken, UnsafePointer(held))
    }

    /// Walks over `input` from `start`, to a torn head, which is kept, to the end, or past a frame
    /// that holds a whole header block and nothing else.
    mutating func scan(
        _ input: UnsafeBufferPointer<UInt8>, from start: Int, counters: inout SessionCounters
    ) -> ScanStop {
        guard let base = input.baseAddress else { return ScanStop(end: start) }
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
            guard at < end else { return ScanStop(end: end) }
            guard end - at >= Self.headBytes else {
                heldCount = end - at
                unsafe held.update(from: base + at, count: heldCount)
                return ScanStop(end: at)
            }
            let head = unsafe base + at
            unsafe note(head: head, &counters)
            let headStart = at
            at += Self.headBytes
            guard unsafe Self.isOfBlock(head) else { continue }
            if payloadLeft > 0, payloadLeft <= end - at, unsafe Self.isOnlyBlock(head) {
                at += payloadLeft
                payloadLeft = 0
                return ScanStop(end: at, blockHead: headStart)
            }
            hasPassedBlock = true
        }
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
        payloadLeft = unsafe Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
        let kind = unsafe FrameKind(type: head[3])
        unsafe counters.received(kind, payloadBytes: payloadLeft, flags: head[4])
        isInData = kind == .data
        unsafe lookForFault(kind, head)
    }

    @inline(__always)
    private mutating func lookForFault(_ kind: FrameKind, _ head: UnsafePointer<UInt8>) {
        let id =
            unsafe UInt32(head[5] & 0x7F) << 24 | UInt32(head[6]) << 16 | UInt32(head[7]) << 8
            | UInt32(head[8])
        let found = unsafe endedStreams.fault(
            kind, on: Int32(bitPattern: id), endOfStream: head[4] & 1 != 0)
        if fault == nil { fault = found }
    }
}

/// How far a scan has come: all up to `end` can be given to the library.
struct ScanStop {
    var end: Int
    /// Where the frame begins that ends at `end`, if it is a header block to be looked at.
    var blockHead: Int?
}

/// The frames that carry header blocks.
private enum FrameType {
    static let headers: UInt8 = 1
    static let pushPromise: UInt8 = 5
    static let continuation: UInt8 = 9
}
