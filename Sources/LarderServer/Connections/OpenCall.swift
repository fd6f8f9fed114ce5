import LarderGRPC
import LarderHTTP2
import LarderIO
import LarderPages
import LarderService

/// A call that is not over within the events that began it: it streams, or its request comes in
/// pieces.
final class OpenCall {
    let stream: StreamRef
    let method: Method
    let encodings: CallEncodings
    /// The methods that stream have one; unary ones are answered when their request is whole.
    let handler: (any StreamingCall)?
    /// Of methods that take one message.
    var request: UnaryInput
    /// Of methods that take many.
    var messages: MessageDeframer
    /// The response headers are out: what comes now is messages, then trailers.
    var hasBegun = false
    /// The one message of a call that takes one has come.
    var isRequestWhole = false
    /// Body bytes that have come.
    var receivedBytes: UInt64 = 0
    var progress = Standstill()
    /// What is kept for a request that comes in pieces.
    var upload: UploadHold
    private var deadline: Timer?
    private var wake: Timer?

    init(
        _ stream: StreamRef, _ method: Method, _ encodings: CallEncodings,
        handler: (any StreamingCall)?, request: consuming UnaryInput, messageBytesMax: UInt32,
        uploads: ConnectionUploads, pages: PagePool
    ) {
        self.stream = stream
        self.method = method
        self.encodings = encodings
        self.handler = handler
        self.request = request
        upload = UploadHold(uploads)
        messages = MessageDeframer(
            messageBytesMax: messageBytesMax, takesCompressed: encodings.takesCompressed,
            pages: pages)
    }

    deinit {
        deadline?.cancel()
        wake?.cancel()
    }

    var takesManyMessages: Bool {
        switch method.shape {
        case .unary, .serverStreaming: false
        case .clientStreaming, .bidiStreaming: true
        }
    }

    /// The peer owes the rest of a message. Between a stream's messages it may take its time.
    var awaitsBytes: Bool { takesManyMessages ? messages.isInside : !isRequestWhole }

    /// The memory that the messages at hand take when the last one is whole; 0 without any.
    var neededBytes: Int {
        guard takesManyMessages else { return request.neededBytes }
        return messages.neededBytes + (handler?.heldBytes ?? 0)
    }

    /// The memory that they take now.
    var heldBytes: Int {
        guard takesManyMessages else { return request.heldBytes }
        return messages.heldBytes + (handler?.heldBytes ?? 0)
    }

    /// The method cannot take more until its answers are read.
    var isPaused: Bool { handler?.isPaused ?? false }

    /// Keeps the timer of the deadline, and ends it with the call.
    func setDeadline(_ timer: Timer) {
        deadline?.cancel()
        deadline = timer
    }

    /// Keeps the timer that wakes the call, and ends it with the call.
    func setWake(_ timer: Timer) {
        wake?.cancel()
        wake = timer
    }

    /// Borrowed for the time of an event: what it lends must not lie in an object.
    func takeRequest() -> UnaryInput {
        var taken = UnaryInput(messageBytesMax: 0)
        swap(&taken, &request)
        return taken
    }

    /// As `takeRequest`.
    func takeMessages() -> MessageDeframer {
        var taken = MessageDeframer(messageBytesMax: 0)
        swap(&taken, &messages)
        return taken
    }
}
