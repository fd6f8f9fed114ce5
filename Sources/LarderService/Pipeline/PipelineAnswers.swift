import LarderCache
import LarderProtocol

/// The answers to operations, put into as few messages as their length allows.
struct PipelineAnswers {
    /// A message that is as long as this takes no more answers.
    private let messageBytesMax: Int
    private var isOpen = false

    init(messageBytesMax: Int) { self.messageBytesMax = messageBytesMax }

    /// What a plain Get found.
    mutating func append(_ answer: consuming EntryAnswer, id: UInt64, to reply: inout Reply) {
        let answerBytes = answer.encodedBytes
        makeRoom(&reply)
        answer.append(to: &reply, .pipeline(id: id, answerBytes: answerBytes))
    }

    mutating func append(
        _ answer: consuming EntryAnswer, of operation: borrowing OperationView,
        to reply: inout Reply
    ) {
        if operation.quiet, answer.head.outcome == .miss { return }
        append(answer, id: operation.id, to: &reply)
    }

    mutating func append(
        _ answer: consuming SetAnswer, of operation: borrowing OperationView, to reply: inout Reply
    ) {
        if operation.quiet, answer.outcome == .stored { return }
        begin(operation.id, .set, bytes: answer.encodedBytes, &reply)
        answer.append(to: &reply)
    }

    mutating func append(
        _ outcome: LarderProtocol.DeleteOutcome, of operation: borrowing OperationView,
        to reply: inout Reply
    ) {
        if operation.quiet, outcome == .deleted { return }
        let answer = DeleteResponse(outcome: outcome)
        begin(operation.id, .delete, bytes: answer.encodedBytes, &reply)
        answer.encode(into: &reply.bytes)
    }

    /// What a unary call would have been refused with.
    mutating func append(
        _ refusal: Refusal, of operation: borrowing OperationView, to reply: inout Reply
    ) {
        append(refusal, id: operation.id, to: &reply)
    }

    mutating func append(_ refusal: Refusal, id: UInt64, to reply: inout Reply) {
        let answer = OperationError(refusal).encoded()
        begin(id, .error, bytes: answer.count, &reply)
        reply.bytes.append(answer.span)
    }

    /// Ends the last message.
    mutating func end(_ reply: inout Reply) {
        if isOpen { reply.endMessage() }
        isOpen = false
    }

    private mutating func begin(
        _ id: UInt64, _ member: OperationResult.Member, bytes: Int, _ reply: inout Reply
    ) {
        makeRoom(&reply)
        PipelineResponse.beginResult(id, member, answerBytes: bytes, into: &reply.bytes)
    }

    /// Begins a message if there is none that takes another answer.
    @inline(__always)
    private mutating func makeRoom(_ reply: inout Reply) {
        if isOpen, reply.messageBytes >= messageBytesMax { end(&reply) }
        if !isOpen { reply.beginMessage() }
        isOpen = true
    }
}
