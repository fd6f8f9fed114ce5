import LarderGRPC
import LarderIO

/// One call with messages in both directions.
///
/// One task may send and one may receive, at the same time. A task that is cancelled while it
/// waits cancels the call; so does dropping the last reference to it.
package final class ClientCall: Sendable {
    private let loop: EventLoop
    private let connection: LoopBound<ClientConnection>
    private let stream: LoopBound<CallStream>
    private let state: CallState

    init(
        loop: EventLoop, connection: LoopBound<ClientConnection>, fields: [Field],
        timeoutNanos: UInt64?, options: ChannelOptions, isChannelClosed: Bool
    ) {
        let state = CallState(unsentBytesMax: options.unsentBytesMax)
        let stream = LoopBound(
            CallStream(
                state: state, receivedMessageBytesMax: options.receivedMessageBytesMax), on: loop)
        self.loop = loop
        self.connection = connection
        self.stream = stream
        self.state = state
        if isChannelClosed {
            state.ended(.failed(.connectionLost(reason: "the channel is closed")))
        } else {
            loop.submit {
                connection.value.open(stream.value, fields: fields, timeoutNanos: timeoutNanos)
            }
        }
    }

    deinit {
        if !state.hasEnded { cancel() }
    }

    /// Bytes that were given to `send` and are not in the socket's hands yet.
    package var unsentBytes: Int { state.unsentBytes }

    /// Sends a message; returns once not too much is unsent, so that the server's flow control
    /// reaches the caller.
    package func send(_ message: [UInt8]) async throws(ClientError) {
        guard message.count <= UInt32.max else {
            throw .status(Status(.resourceExhausted, "a message of \(message.count) bytes"))
        }
        try state.handOver(bytes: MessagePrefix.byteCount + message.count).get()
        loop.submit { [connection, stream] in
            connection.value.send(message, on: stream.value)
        }
        let room = await withTaskCancellationHandler {
            await state.waitForRoom()
        } onCancel: {
            cancel()
        }
        try room.get()
    }

    /// Says that nothing more will be sent.
    package func halfClose() {
        loop.submit { [connection, stream] in
            connection.value.halfClose(stream.value)
        }
    }

    /// The next message; nil once the call has ended well.
    package func next() async throws(ClientError) -> [UInt8]? {
        let received = await withTaskCancellationHandler {
            await state.next { [loop, connection, stream] flowBytes in
                loop.submit { connection.value.giveBack(flowBytes, of: stream.value) }
            }
        } onCancel: {
            cancel()
        }
        return try received.get()
    }

    /// Ends the call without waiting for the server. What has come can still be taken.
    package func cancel() {
        loop.submit { [connection, stream] in
            connection.value.cancel(stream.value, .cancelled)
        }
    }
}
