import LarderGRPC
import LarderProtocol

/// What a client was told about one thing that it asked for: by a call, or within a pipeline.
struct Outcome {
    /// How it went, as far as the client knows.
    enum Course {
        case done
        case refused
        /// No answer came, or one that does not tell.
        case unknown
    }

    /// Who asked, for the words of a violation.
    let name: String
    let course: Course
    private let messages: [[UInt8]]

    init(_ call: SimulatedCall) {
        name = "call \(call.number)"
        messages = call.messages
        course = call.status.map { Self.course($0.code) } ?? .unknown
    }

    /// `result` is nil when none came, or none was wanted.
    init(_ operation: Operation, of call: SimulatedCall, result: OperationResult?) {
        name = "call \(call.number) operation \(operation.id)"
        switch result?.answer {
        case .get(let answer): (course, messages) = (.done, [answer.encoded()])
        case .set(let answer): (course, messages) = (.done, [answer.encoded()])
        case .delete(let answer): (course, messages) = (.done, [answer.encoded()])
        case .error: (course, messages) = (.refused, [])
        case .touch, .increment, nil, .some(.none): (course, messages) = (.unknown, [])
        }
    }

    private static func course(_ code: StatusCode) -> Course {
        switch code {
        case .ok: .done
        // An answer that finds no room may come of a call that was done.
        case .resourceExhausted: .unknown
        case .cancelled, .unknown, .invalidArgument, .deadlineExceeded, .notFound, .alreadyExists,
            .permissionDenied, .failedPrecondition, .aborted, .outOfRange, .unimplemented,
            .internal, .unavailable, .dataLoss, .unauthenticated:
            .refused
        }
    }

    func answer<Message: WireMessage>(as: Message.Type = Message.self) throws -> Message {
        guard messages.count == 1 else {
            throw Violation("\(name): \(messages.count) messages instead of one")
        }
        let message = messages[0]
        return try Message(decoding: message.span)
    }
}
