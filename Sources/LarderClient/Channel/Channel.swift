package import LarderGRPC
import LarderIO
import Synchronization

/// One connection to a server, on a thread of its own; safe to use from any task.
package final class Channel: Sendable {
    /// The longest timeout that is asked for in milliseconds.
    private static let timeoutMillisMax = Timeout.nanosMax / 1_000_000

    package let address: String
    private let loop: EventLoop
    private let connection: LoopBound<ClientConnection>
    private let authority: String
    private let options: ChannelOptions
    // A loop that has stopped takes jobs that it will never run: no call is opened behind the
    // job that stops it.
    private let isClosed = Mutex(false)

    private init(
        address: String, authority: String, loop: EventLoop,
        connection: LoopBound<ClientConnection>, options: ChannelOptions
    ) {
        self.address = address
        self.authority = authority
        self.loop = loop
        self.connection = connection
        self.options = options
    }

    deinit {
        close()
    }

    /// Makes a connection to "host:port" or "unix:/path".
    package static func connect(
        to address: String, options: ChannelOptions = ChannelOptions()
    ) async throws(ClientError) -> Channel {
        let target: SocketAddress
        let loop: EventLoop
        do throws(IOError) {
            target = try SocketAddress(parsing: address)
            let made = try EventLoop()
            loop = made
            // Ends with `stop`; nobody has to wait for it.
            _ = try LoopThread(name: "larder-client") {
                made.run()
                made.closeAll()
            }
        } catch {
            throw .cannotConnect(address: address, reason: error.message)
        }
        let made: Result<LoopBound<ClientConnection>, ClientError> =
            await withCheckedContinuation { continuation in
                loop.submit {
                    ByteStream.connect(
                        loop: loop, address: target, timeoutMillis: options.connectTimeoutMillis
                    ) { result in
                        switch result {
                        case .success(let stream):
                            let connection = ClientConnection(
                                loop: loop, stream: stream, options: options)
                            connection.start()
                            continuation.resume(
                                returning: .success(LoopBound(connection, on: loop)))
                        case .failure(let error):
                            continuation.resume(
                                returning: .failure(
                                    .cannotConnect(address: address, reason: error.message)))
                        }
                    }
                }
            }
        switch made {
        case .success(let connection):
            return Channel(
                address: address, authority: authority(of: target), loop: loop,
                connection: connection, options: options)
        case .failure(let error):
            loop.stop()
            throw error
        }
    }

    private static func authority(of address: SocketAddress) -> String {
        switch address {
        case .ip: address.description
        case .unix: "localhost"
        }
    }

    /// Ends every call and the connection.
    package func close() {
        let connection = connection
        let loop = loop
        isClosed.withLock { isClosed in
            guard !isClosed else { return }
            isClosed = true
            loop.submit {
                connection.value.close()
                loop.stop()
            }
        }
    }

    /// Begins a call of any shape.
    package func open(
        _ path: String, timeoutMillis: UInt64? = nil, metadata: [Field] = []
    ) -> ClientCall {
        let timeoutNanos = timeoutMillis.map { min($0, Self.timeoutMillisMax) * 1_000_000 }
        var request = RequestFields(
            path: path, authority: authority, timeoutNanos: timeoutNanos)
        request.userAgent = options.userAgent
        request.metadata = metadata
        return isClosed.withLock { isClosed in
            ClientCall(
                loop: loop, connection: connection, fields: request.fields,
                timeoutNanos: timeoutNanos, options: options, isChannelClosed: isClosed)
        }
    }

    /// Asks with one message and is answered with one.
    package func unary(
        _ path: String, request: [UInt8], timeoutMillis: UInt64? = nil
    ) async throws(ClientError) -> [UInt8] {
        let call = open(path, timeoutMillis: timeoutMillis)
        do throws(ClientError) {
            try await call.send(request)
        } catch .callEnded {
            // The answer came first: `next` has it.
        }
        call.halfClose()
        guard let answer = try await call.next() else {
            throw .protocolViolation(reason: "a unary call ended well without a message")
        }
        guard try await call.next() == nil else {
            throw .protocolViolation(reason: "a unary call was answered with two messages")
        }
        return answer
    }
}
