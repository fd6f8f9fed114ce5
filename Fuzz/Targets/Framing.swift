// The five-byte framing of messages, in pieces and whole. Input: the limit, how the end is told,
// the lengths of the pieces, then the stream.

import LarderGRPC

@c(LLVMFuzzerTestOneInput)
func oneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = unsafe FuzzInput(start, count)
    let limits: [UInt32] = [0, 7, 300, 70_000, .max]
    let limit = limits[input.choice(of: limits.count)]
    let endsWithData = input.byte() & 1 == 0
    let lengths = input.run(input.choice(of: 16)).map { Int($0) }
    let stream = input.rest()
    let pieces = cut(stream, lengths)

    let twin = NaiveFraming(stream, messageBytesMax: limit)
    #if CANARY
    sing(twin.messages)
    #endif
    checkMany(pieces, twin, messageBytesMax: limit)
    checkMany([stream], twin, messageBytesMax: limit)
    checkOne(pieces, twin, messageBytesMax: limit, endsWithData: endsWithData)
    checkOne([stream], twin, messageBytesMax: limit, endsWithData: endsWithData)
    return 0
}

/// The stream in pieces of these lengths, over and over; a 0 is an empty piece.
private func cut(_ stream: [UInt8], _ lengths: [Int]) -> [[UInt8]] {
    guard lengths.contains(where: { $0 > 0 }) else { return [stream] }
    var pieces: [[UInt8]] = []
    var begin = 0
    while begin < stream.count {
        for length in lengths where begin < stream.count {
            let end = min(stream.count, begin + length)
            pieces.append(Array(stream[begin..<end]))
            begin = end
        }
    }
    return pieces
}

/// A stream of many messages: all of them come, in order, and then the fault, if there is one.
private func checkMany(_ pieces: [[UInt8]], _ twin: NaiveFraming, messageBytesMax: UInt32) {
    var deframer = MessageDeframer(messageBytesMax: messageBytesMax)
    var messages: [[UInt8]] = []
    var fault: DeframeError?
    var taken = 0
    for piece in pieces {
        taken += piece.count
        var offset = 0
        do throws(DeframeError) {
            while let message = try deframer.next(piece.span, at: &offset) {
                messages.append(copy(deframer.bytes(of: message, in: piece.span)))
            }
            precondition(offset == piece.count, "a piece is used up")
        } catch {
            precondition(fault == nil, "a fault is told once")
            fault = error
        }
        checkHeld(deframer.heldBytes, taken: taken)
    }
    do throws(DeframeError) { try deframer.endOfStream() } catch {
        precondition(fault == nil, "a fault is told once")
        fault = error
    }
    precondition(messages == twin.messages, "the pieces make no difference to the messages")
    precondition(fault == twin.fault, "the pieces make no difference to the fault")
}

/// A stream that should hold one message.
private func checkOne(
    _ pieces: [[UInt8]], _ twin: NaiveFraming, messageBytesMax: UInt32, endsWithData: Bool
) {
    var request = UnaryInput(messageBytesMax: messageBytesMax)
    var verdict: Verdict?
    var taken = 0
    for (index, piece) in pieces.enumerated() {
        taken += piece.count
        let isLast = endsWithData && index == pieces.count - 1
        switch request.received(piece.span, endOfStream: isLast) {
        case .wait: break
        case .deliver(let message):
            precondition(verdict == nil && isLast, "a message is delivered once, at the end")
            verdict = .message(copy(request.bytes(of: message, in: piece.span)))
        case .reject(let status):
            precondition(verdict == nil, "there is one verdict")
            verdict = Verdict(status)
        }
        checkHeld(request.heldBytes, taken: taken)
    }
    if !(endsWithData && !pieces.isEmpty) {
        switch request.endOfStream() {
        case .wait: break
        case .deliver(let message):
            precondition(verdict == nil, "there is one verdict")
            precondition(message == .gathered, "without a chunk the message is a gathered one")
            verdict = .message(copy(request.gathered))
        case .reject(let status):
            precondition(verdict == nil, "there is one verdict")
            verdict = Verdict(status)
        }
    }
    precondition(verdict == twin.verdict, "the pieces make no difference to the verdict")
}

/// Memory grows with what has come, whatever was announced.
private func checkHeld(_ heldBytes: Int, taken: Int) {
    let roundingBytes = 64
    let bound = max(MessageDeframer.firstBufferBytesMax, 4 * taken)
    precondition(heldBytes <= bound + roundingBytes, "memory is held for what has come only")
}

private func copy(_ span: Span<UInt8>) -> [UInt8] { span.indices.map { span[$0] } }

/// What becomes of a stream that should hold one message.
private enum Verdict: Equatable {
    case message([UInt8])
    case refused(StatusCode, reason: String?)

    init(_ status: Status) { self = .refused(status.code, reason: status.reason) }
}

/// The same by the simplest means: the whole stream at once, read from the start.
private struct NaiveFraming {
    private(set) var messages: [[UInt8]] = []
    private(set) var fault: DeframeError?

    init(_ stream: [UInt8], messageBytesMax: UInt32) {
        var rest = stream[...]
        while !rest.isEmpty, fault == nil {
            let prefix = Array(rest.prefix(5))
            guard prefix.count == 5 else {
                fault = .truncated
                return
            }
            let length = prefix.dropFirst().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            rest = rest.dropFirst(5)
            if prefix[0] > 1 {
                fault = .unknownFlag(prefix[0])
            } else if prefix[0] == 1 {
                fault = .compressedWithoutEncoding
            } else if length > messageBytesMax {
                fault = .messageTooLarge(announcedBytes: length, limitBytes: messageBytesMax)
            } else if rest.count < Int(length) {
                fault = .truncated
            } else {
                messages.append(Array(rest.prefix(Int(length))))
                rest = rest.dropFirst(Int(length))
            }
        }
    }

    /// A third message is not looked at: the second has decided.
    var verdict: Verdict {
        if messages.count > 1 { return .refused(.unimplemented, reason: "MESSAGE_SURPLUS") }
        if let fault { return Verdict(Status(fault)) }
        guard let message = messages.first else {
            return .refused(.unimplemented, reason: "MESSAGE_MISSING")
        }
        return .message(message)
    }
}

#if CANARY
/// A planted bug, some steps away from the corpus: five messages, and a long one among them.
@inline(never)
private func sing(_ messages: [[UInt8]]) {
    guard messages.count >= 5 else { return }
    if messages.contains(where: { $0.count > 20 }) { preconditionFailure("the canary sings") }
}
#endif
