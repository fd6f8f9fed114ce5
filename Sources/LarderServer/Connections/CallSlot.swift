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
