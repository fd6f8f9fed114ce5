import LarderGRPC
import Synchronization

/// What a call's user and the loop share: messages that have come, bytes that have not gone, and
/// how the call ended. One task may wait to receive, one to send.
final class CallState: Sendable {
    typealias Received = Result<[UInt8]?, ClientError>
    typealias Sent = Result<Void, ClientError>

    /// How a call ended.
    enum End: Sendable {
        case ok
        case failed(ClientError)
    }

    private struct State {
        // Those before `messageIndex` were taken.
        var messages: [[UInt8]] = []
        var messageIndex = 0
        // Window that goes back to the server as the messages are taken.
        var heldFlowBytes = 0
        var end: End?
        var receiver: CheckedContinuation<Received, Never>?
        // Since the call began: handed over by `send`, and gone from the session.
        var handedBytes = 0
        var goneBytes = 0
        var sender: CheckedContinuation<Sent, Never>?
    }

    // Window is given back in pieces of at least this, each a job for the loop.
    private static let windowPieceBytes = 32 << 10

    private let state = Mutex(State())
    private let unsentBytesMax: Int

    init(unsentBytesMax: Int) {
        self.unsentBytesMax = unsentBytesMax
    }

    var hasEnded: Bool { state.withLock { $0.end != nil } }

    var unsentBytes: Int { state.withLock { $0.handedBytes - $0.goneBytes } }

    // MARK: The loop's side

    /// - Returns: whether a task was waiting for it, so that nothing is held.
    func received(_ message: [UInt8]) -> Bool {
        let receiver = state.withLock { state in
            let receiver = state.receiver
            state.receiver = nil
            if receiver == nil { state.messages.append(message) }
            return receiver
        }
        receiver?.resume(returning: .success(message))
        return receiver != nil
    }

    /// Holds back window until messages are taken.
    ///
    /// - Returns: false if none are waiting: the window can go back at once.
    func hold(flowBytes: Int) -> Bool {
        state.withLock { state in
            guard state.messageIndex < state.messages.count else { return false }
            state.heldFlowBytes += flowBytes
            return true
        }
    }

    /// Says that so many of the handed bytes have gone out, since the call began.
    func gone(bytes: Int) {
        let sender: CheckedContinuation<Sent, Never>? = state.withLock { state in
            state.goneBytes = bytes
            guard state.handedBytes - bytes <= unsentBytesMax else { return nil }
            defer { state.sender = nil }
            return state.sender
        }
        sender?.resume(returning: .success(()))
    }

    /// The first end counts.
    func ended(_ end: End) {
        let waiting = state.withLock { state in
            guard state.end == nil else {
                return (
                    nil as CheckedContinuation<Received, Never>?,
                    nil as CheckedContinuation<Sent, Never>?
                )
            }
            state.end = end
            defer {
                state.receiver = nil
                state.sender = nil
            }
            return (state.receiver, state.sender)
        }
        waiting.0?.resume(returning: Self.received(at: end))
        waiting.1?.resume(returning: Self.sent(after: end))
    }

    // MARK: The user's side

    /// The next message, and how much window it sets free.
    func next(_ giveBack: (Int) -> Void) async -> Received {
        var freed = 0
        let ready: Received? = state.withLock { state in take(&state, freed: &freed) }
        if freed > 0 { giveBack(freed) }
        if let ready { return ready }
        return await withCheckedContinuation { continuation in
            var freed = 0
            let ready: Received? = state.withLock { state in
                if let ready = take(&state, freed: &freed) { return ready }
                precondition(state.receiver == nil, "one task at a time receives")
                state.receiver = continuation
                return nil
            }
            // Nothing can have been freed unless it is ready: the receiver before took all.
            if freed > 0 { giveBack(freed) }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    /// Counts bytes as handed over; fails once the call has ended.
    func handOver(bytes: Int) -> Sent {
        state.withLock { state in
            if let end = state.end { return Self.sent(after: end) }
            state.handedBytes += bytes
            return .success(())
        }
    }

    /// Waits while too much is unsent.
    func waitForRoom() async -> Sent {
        await withCheckedContinuation { continuation in
            let ready: Sent? = state.withLock { state in
                if let end = state.end { return Self.sent(after: end) }
                if state.handedBytes - state.goneBytes <= unsentBytesMax { return .success(()) }
                precondition(state.sender == nil, "one task at a time sends")
                state.sender = continuation
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    private func take(_ state: inout State, freed: inout Int) -> Received? {
        if state.messageIndex < state.messages.count {
            let message = state.messages[state.messageIndex]
            state.messages[state.messageIndex] = []
            state.messageIndex += 1
            if state.messageIndex == state.messages.count {
                state.messages.removeAll(keepingCapacity: true)
                state.messageIndex = 0
                freed = state.heldFlowBytes
            } else {
                let share = min(state.heldFlowBytes, message.count + MessagePrefix.byteCount)
                freed = share >= Self.windowPieceBytes ? share : 0
            }
            state.heldFlowBytes -= freed
            return .success(message)
        }
        guard let end = state.end else { return nil }
        return Self.received(at: end)
    }

    private static func received(at end: End) -> Received {
        switch end {
        case .ok: .success(nil)
        case .failed(let error): .failure(error)
        }
    }

    private static func sent(after end: End) -> Sent {
        switch end {
        case .ok: .failure(.callEnded)
        case .failed(let error): .failure(error)
        }
    }
}
