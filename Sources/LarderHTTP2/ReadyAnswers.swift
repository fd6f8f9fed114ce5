/// Answers that are frames already and wait for the output to take them.
///
/// They go out before anything else that the session has to say, so no frame can come in between,
/// and header blocks are sent in the order in which they meet the peer's table (RFC 9113, 4.3).
@safe
struct ReadyAnswers: ~Copyable {
    /// Room that is kept for the next answers.
    private static let keptBytes = 32 << 10

    private var frames = OutgoingBody(keptBytes: keptBytes)
    /// Payload of DATA that the output has not taken. In an answer it is thought to come first.
    private var bodyBytes = 0

    /// The output may have taken a part of a frame.
    private(set) var isCut = false

    var isEmpty: Bool { frames.count == 0 }

    /// HEADERS, DATA frames of at most `frameBytes`, and HEADERS with END_STREAM. Answers the body's
    /// bytes that their owner counts.
    mutating func append(
        _ id: Int32, headers: UnsafeBufferPointer<UInt8>, body: Span<UInt8>,
        tail: (any OutgoingBytes)?, tailBytes: Int, trailers: UnsafeBufferPointer<UInt8>,
        frameBytes: Int
    ) -> Int {
        guard body.count + tailBytes <= frameBytes else {
            return unsafe appendLong(
                id, headers: headers, body: body, tail: tail, tailBytes: tailBytes,
                trailers: trailers, frameBytes: frameBytes)
        }
        let headBytes = FrameScanner.headBytes
        let dataBytes = body.count + tailBytes
        let leadBytes = headBytes + headers.count + headBytes + body.count
        let endBytes = headBytes + trailers.count
        var at = unsafe frames.extend(tail == nil ? leadBytes + endBytes : leadBytes)
        unsafe Self.write(
            &at, FrameHead(headers.count, FrameType.headers, FrameFlag.endOfHeaders, id), headers)
        unsafe body.withUnsafeBufferPointer { body in
            unsafe Self.write(&at, FrameHead(dataBytes, FrameType.data, 0, id), body)
        }
        let countedBefore = frames.referencedCount
        if let tail {
            frames.append(referencing: tail)
            unsafe at = frames.extend(endBytes)
        }
        unsafe Self.write(&at, Self.end(trailers, id), trailers)
        bodyBytes += dataBytes
        return frames.referencedCount - countedBefore
    }

    /// The same, of several DATA frames.
    @inline(never)
    private mutating func appendLong(
        _ id: Int32, headers: UnsafeBufferPointer<UInt8>, body: Span<UInt8>,
        tail: (any OutgoingBytes)?, tailBytes: Int, trailers: UnsafeBufferPointer<UInt8>,
        frameBytes: Int
    ) -> Int {
        let countedBefore = frames.referencedCount
        let dataBytes = body.count + tailBytes
        unsafe append(
            FrameHead(headers.count, FrameType.headers, FrameFlag.endOfHeaders, id),
            Span(_unsafeElements: headers))
        for start in stride(from: 0, to: dataBytes, by: frameBytes) {
            let end = min(start + frameBytes, dataBytes)
            append(
                FrameHead(end - start, FrameType.data, 0, id),
                body.extracting(min(start, body.count)..<min(end, body.count)))
            guard let tail, end > body.count else { continue }
            frames.append(
                referencing: tail, max(start - body.count, 0)..<(end - body.count))
        }
        unsafe append(Self.end(trailers, id), Span(_unsafeElements: trailers))
        bodyBytes += dataBytes
        return frames.referencedCount - countedBefore
    }

    private mutating func append(_ head: FrameHead, _ payload: Span<UInt8>) {
        var at = unsafe frames.extend(FrameScanner.headBytes + payload.count)
        unsafe payload.withUnsafeBufferPointer { unsafe Self.write(&at, head, $0) }
    }

    /// The head of the frame that ends a stream.
    private static func end(_ trailers: UnsafeBufferPointer<UInt8>, _ id: Int32) -> FrameHead {
        FrameHead(
            trailers.count, FrameType.headers, FrameFlag.endOfHeaders | FrameFlag.endOfStream, id)
    }

    /// A frame without a body, between answers.
    mutating func append(frame: [UInt8]) { frames.append(copying: frame.span) }

    private static func write(
        _ at: inout UnsafeMutablePointer<UInt8>, _ head: FrameHead,
        _ payload: UnsafeBufferPointer<UInt8>
    ) {
        unsafe head.write(to: at)
        unsafe at += FrameScanner.headBytes
        if let source = payload.baseAddress { unsafe at.update(from: source, count: payload.count) }
        unsafe at += payload.count
    }

    /// Gives the next bytes to `emit`, at most `bytesMax` of them; there are some.
    mutating func emitSome(bytesMax: Int, to emit: borrowing Emitter) -> Emitted {
        let countBefore = frames.count
        let countedBefore = frames.referencedCount
        let hasRoom = frames.emitRun(bytesMax: bytesMax, to: emit)
        let body = min(countBefore - frames.count, bodyBytes)
        bodyBytes -= body
        isCut = !isEmpty
        if isEmpty { frames.clear() }
        return Emitted(
            bodyBytes: body, countedBytes: countedBefore - frames.referencedCount, hasRoom: hasRoom)
    }

    struct Emitted {
        let bodyBytes: Int
        /// Those of them that their owners count.
        let countedBytes: Int
        let hasRoom: Bool
    }

    /// Lets go of the room, if nothing waits.
    mutating func letGo() {
        if isEmpty { frames = OutgoingBody(keptBytes: Self.keptBytes) }
    }
}

/// The nine bytes that begin a frame (RFC 9113, 4.1).
private struct FrameHead {
    // All but the stream's last byte, in the order of the wire.
    private let word: UInt64
    private let last: UInt8

    init(_ payloadBytes: Int, _ type: UInt8, _ flags: UInt8, _ id: Int32) {
        let stream = UInt64(UInt32(bitPattern: id))
        word =
            UInt64(truncatingIfNeeded: payloadBytes) << 40 | UInt64(type) << 32
            | UInt64(flags) << 24 | stream >> 8
        last = UInt8(truncatingIfNeeded: stream)
    }

    func write(to target: UnsafeMutablePointer<UInt8>) {
        unsafe UnsafeMutableRawPointer(target).storeBytes(of: word.bigEndian, as: UInt64.self)
        unsafe target[MemoryLayout<UInt64>.size] = last
    }
}
