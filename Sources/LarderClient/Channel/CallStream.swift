import LarderGRPC
import LarderHTTP2
import LarderIO

/// A call as the loop sees it: the stream, the message being put together, the status being
/// gathered. Touched on the loop's thread alone.
final class CallStream {
    let state: CallState
    var reference: StreamRef?
    var deframer: MessageDeframer
    var result = CallResult()
    var deadline: Timer?
    // Given to the session since the call began.
    var acceptedBytes = 0
    var hasEnded = false
    /// The server has ended its side.
    var isAnswered = false
    /// Our side is ended, or ending behind what is queued.
    var isHalfClosed = false

    init(state: CallState, receivedMessageBytesMax: UInt32) {
        self.state = state
        self.deframer = MessageDeframer(messageBytesMax: receivedMessageBytesMax)
    }

    /// Tells the user how the call ended; only the first end counts.
    func end(_ end: CallState.End) {
        guard !hasEnded else { return }
        hasEnded = true
        deadline?.cancel()
        deadline = nil
        state.ended(end)
    }

    /// Ends the call with what the server said.
    func end(resetCode: UInt32?) {
        let status = result.status(resetCode: resetCode)
        end(status.isOK ? .ok : .failed(.status(status)))
    }

    /// Takes a part of the answer's body.
    ///
    /// - Returns: whether the window can go back at once.
    func received(_ bytes: Span<UInt8>, flowBytes: Int) throws(DeframeError) -> Bool {
        var offset = 0
        while let message = try deframer.next(bytes, at: &offset) {
            let body = deframer.bytes(of: message, in: bytes)
            _ = state.received([UInt8](copying: body))
        }
        return !state.hold(flowBytes: flowBytes)
    }
}
