package import LarderGRPC
import LarderHTTP2
package import LarderService

/// What a connection knows of one stream, at the index of the stream's slot in the session.
///
/// Without references, so that the way of a unary call counts none: what has an object of its own
/// stands beside it, in `CallSlots`.
enum CallSlot {
    /// No stream, or one whose call is over: what still comes is dropped.
    case over
    /// A unary call whose request has not begun to arrive.
    case awaitingRequest(StreamRef, Method, CallEncodings, deadlineNanos: UInt64?)
    /// An `OpenCall`.
    case open
    /// A `PlainRequest`.
    case plain
}

/// A request that is no gRPC call: answered when it has ended, or when `bodyBytes` of it were
/// enough.
// An answer before the end needs RST_STREAM(NO_ERROR) behind it, and clients that speak plain
// HTTP (curl 7.88 for one) lose the answer over that.
struct PlainRequest {
    let answer: PlainAnswer
    var bodyBytes = 0
}

/// What a connection knows of all its streams.
struct CallSlots: ~Copyable {
    private var slots: [CallSlot] = []
    // At the indices of their slots, as far as there ever were any.
    private var calls: [OpenCall?] = []
    private var plain: [Int: PlainRequest] = [:]

    subscript(stream: StreamRef) -> CallSlot {
        let index = Int(stream.slot)
        return index < slots.count ? slots[index] : .over
    }

    /// The call in the stream's slot, which may be of an earlier stream.
    func call(inSlotOf stream: StreamRef) -> OpenCall? {
        let index = Int(stream.slot)
        return index < calls.count ? calls[index] : nil
    }

    func plainRequest(_ stream: StreamRef) -> PlainRequest? { plain[Int(stream.slot)] }

    /// The calls that await their requests.
    var awaiting: [CallSlot] {
        slots.filter { slot in
            if case .awaitingRequest = slot { true } else { false }
        }
    }

    var openCalls: [OpenCall] { calls.compactMap(\.self) }

    mutating func place(_ slot: CallSlot, at stream: StreamRef) {
        clear(stream)
        let index = Int(stream.slot)
        while slots.count <= index { slots.append(.over) }
        slots[index] = slot
    }

    mutating func place(_ call: OpenCall) {
        place(.open, at: call.stream)
        let index = Int(call.stream.slot)
        while calls.count <= index { calls.append(nil) }
        calls[index] = call
    }

    mutating func place(_ request: PlainRequest, at stream: StreamRef) {
        place(.plain, at: stream)
        plain[Int(stream.slot)] = request
    }

    /// The stream's call is over.
    mutating func clear(_ stream: StreamRef) {
        let index = Int(stream.slot)
        guard index < slots.count else { return }
        switch slots[index] {
        case .over: return
        case .awaitingRequest: break
        case .open: calls[index] = nil
        case .plain: plain[index] = nil
        }
        slots[index] = .over
    }

    /// All are over, and no memory is kept for more.
    mutating func clearAll() {
        slots = []
        calls = []
        plain = [:]
    }
}

/// How the messages of a call may be compressed, either way.
struct CallEncodings {
    let request: MessageEncoding
    let answer: MessageEncoding

    var takesCompressed: Bool { !request.isIdentity }
}

/// What the calls of one loop use in turn, so that a call needs no memory of its own.
package struct CallScratch: ~Copyable {
    package var head = CallHead()
    package var reply: Reply
    var inflater = Inflater()

    /// Large values that answers hold are counted in the memory of `services`.
    package init(_ services: Services) {
        reply = Reply(pinned: services.peerMemory.pinned)
    }
}
