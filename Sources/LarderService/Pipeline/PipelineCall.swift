import LarderGRPC
import LarderProtocol

/// One pipeline: does operations in the order in which they come and answers those that want one.
///
/// As they are done one after the other, their order holds for each key. When so much is answered
/// that was not sent yet, the call pauses: what comes then waits in a backlog, and the peer gets no
/// more window until it has read. So a peer that does not read is not read from.
final class PipelineCall: StreamingCall {
    private let services: Services
    private var backlog = PipelineBacklog()
    private var hasHalfClosed = false
    // What was answered since everything was last seen to be sent.
    private var unsentBytes = 0

    init(_ services: Services) { self.services = services }

    var isPaused: Bool { !backlog.isEmpty }

    var heldBytes: Int { backlog.bytes }

    func received(_ message: Span<UInt8>, nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        if sentAll { unsentBytes = 0 }
        do throws(Refusal) {
            var done = 0
            if backlog.isEmpty {
                done = try work(
                    message, from: 0, arrivedNanos: nowNanos, nowNanos: nowNanos, reply: &reply)
            }
            guard done < message.count else { return }
            let bytesMax = services.limits.pipelineBacklogBytesMax
            guard backlog.append(message, from: done, nowNanos: nowNanos, bytesMax: bytesMax) else {
                throw .pipelineBacklogFull(limit: bytesMax)
            }
        } catch {
            reply.status = error.status
        }
    }

    func halfClosed(nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        hasHalfClosed = true
        if backlog.isEmpty { reply.status = .ok }
    }

    func writable(nowNanos: UInt64, reply: inout Reply) {
        unsentBytes = 0
        do throws(Refusal) {
            while let waiting = backlog.first {
                let done = try work(
                    waiting.bytes.span, from: waiting.offset, arrivedNanos: waiting.arrivedNanos,
                    nowNanos: nowNanos, reply: &reply)
                guard done == waiting.bytes.count else { return backlog.advanceFirst(to: done) }
                backlog.removeFirst()
            }
        } catch {
            reply.status = error.status
            return
        }
        if hasHalfClosed { reply.status = .ok }
    }

    func woken(nowNanos: UInt64, reply: inout Reply) {}

    func cancelled() { backlog = PipelineBacklog() }

    // MARK: Operations

    /// Does operations until the message is at its end, or so much is answered that it must be
    /// sent first.
    ///
    /// - Returns: where in the message the work has to go on; its length when it is done.
    private func work(
        _ message: Span<UInt8>, from offset: Int, arrivedNanos: UInt64, nowNanos: UInt64,
        reply: inout Reply
    ) throws(Refusal) -> Int {
        let bytesBefore = reply.totalBytes
        var answers = PipelineAnswers(messageBytesMax: services.limits.pipelineMessageBytes)
        defer {
            answers.end(&reply)
            unsentBytes += reply.totalBytes - bytesBefore
        }
        let pendingMax =
            services.peerMemory.isUnreadFull
            ? services.limits.crowdedPendingBytesMax : services.limits.pipelinePendingBytesMax
        var operations = PipelineRequest.operations(
            in: message.extracting(offset..<message.count))
        var keys = PipelineKeys(
            message.extracting(offset..<message.count), for: services.cache)
        do {
            while unsentBytes + reply.totalBytes - bytesBefore < pendingMax {
                guard let bytes = try operations.next() else { return message.count }
                if let get = PlainGetView(bytes) {
                    perform(get, &keys, nowNanos: nowNanos, &answers, reply: &reply)
                    continue
                }
                keys.pass(services.cache)
                let operation = try OperationView(decoding: bytes)
                let waitedMillis = millisSince(arrivedNanos, nowNanos: nowNanos)
                if operation.timeoutMillis != 0, waitedMillis >= UInt64(operation.timeoutMillis) {
                    answers.append(
                        .operationLate(millis: waitedMillis), of: operation, to: &reply)
                } else if operation.isSplit {
                    let joined = try operation.joinedBody()
                    try perform(
                        operation, joined.span, nowNanos: nowNanos, &answers, reply: &reply)
                } else {
                    try perform(
                        operation, operation.body, nowNanos: nowNanos, &answers, reply: &reply)
                }
            }
        } catch {
            throw Refusal(error)
        }
        return offset + operations.offset
    }

    /// Does what most operations are.
    @inline(__always)
    private func perform(
        _ get: borrowing PlainGetView, _ keys: inout PipelineKeys, nowNanos: UInt64,
        _ answers: inout PipelineAnswers, reply: inout Reply
    ) {
        do throws(Refusal) {
            try services.checkKey(get.key)
        } catch {
            keys.pass(services.cache)
            return answers.append(error, id: get.id, to: &reply)
        }
        guard let entry = keys.get(get.key, services.cache, nowNanos: nowNanos) else {
            return answers.append(EntryAnswer(.miss), id: get.id, to: &reply)
        }
        let answer = EntryAnswer(
            entry, wantsValue: true, inlineBytesMax: services.limits.inlineBytesMax,
            nowNanos: nowNanos)
        answers.append(answer, id: get.id, to: &reply)
    }

    /// Does one operation. What it is refused for is its own affair; a request that does not parse
    /// is the whole call's.
    private func perform(
        _ operation: borrowing OperationView, _ request: Span<UInt8>, nowNanos: UInt64,
        _ answers: inout PipelineAnswers, reply: inout Reply
    ) throws(WireError) {
        switch operation.kind {
        case .get:
            let request = try GetRequestView(decoding: request)
            do throws(Refusal) {
                let answer = try services.read(request, nowNanos: nowNanos)
                answers.append(answer, of: operation, to: &reply)
            } catch {
                answers.append(error, of: operation, to: &reply)
            }
        case .set:
            let request = try SetRequestView(decoding: request)
            do throws(Refusal) {
                let answer = try services.store(request, nowNanos: nowNanos)
                answers.append(answer, of: operation, to: &reply)
            } catch {
                answers.append(error, of: operation, to: &reply)
            }
        case .delete:
            let request = try DeleteRequestView(decoding: request)
            do throws(Refusal) {
                let outcome = try services.remove(request, nowNanos: nowNanos)
                answers.append(outcome, of: operation, to: &reply)
            } catch {
                answers.append(error, of: operation, to: &reply)
            }
        case .touch: answers.append(.operationNotServed("touch"), of: operation, to: &reply)
        case .increment:
            answers.append(.operationNotServed("increment"), of: operation, to: &reply)
        case .none: answers.append(.operationMissing, of: operation, to: &reply)
        }
    }
}
