import LarderGRPC
import LarderService

/// What a connection knows of one stream, at the index of the stream's slot in the session.
enum CallSlot {
    /// No stream, or one whose call is over: what still comes is dropped.
    case over
    /// A unary call whose request has not begun to arrive.
    case awaitingRequest(Method, deadlineNanos: UInt64?)
    case open(OpenCall)
}

/// What the calls of one loop use in turn, so that a call needs no memory of its own.
struct CallScratch: ~Copyable {
    var head = CallHead()
    var reply = Reply()
}
