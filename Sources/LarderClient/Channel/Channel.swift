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

    /// How the address of a server is written; without a host it is this machine.
    package static let addressForms = "host:port, [ipv6]:port, :port or unix:/path"

    /// Makes a connection to an address of `addressForms`.
    package static func connect(
        to address: String, options: ChannelOptions = ChannelOptions()
    ) async throws(ClientError) -> Channel {
        let target = try target(address)
        let loop: EventLoop
        let tls = try tlsContext(options, address: address)
        guard options.token == nil || tls != nil || target.isLoopback else {
            throw .tokenInCleartext(address: address)
        }
        do throws(IOError) {
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
        let made = await connection(
            to: target, address: address, on: loop, tls: tls, options: options)
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

    private static func target(_ address: String) throws(ClientError) -> SocketAddress {
        let target: SocketAddress
        do throws(IOError) {
            target = try SocketAddress(parsing: address)
        } catch {
            throw .malformedAddress(address: address, reason: error.message)
        }
        guard case .ip(let host, let port) = target else { return target }
        guard port != 0 else {
            throw .malformedAddress(address: address, reason: "nobody has port 0")
        }
        return host.isEmpty ? .ip(host: "localhost", port: port) : target
    }

    // `address` is the target as it was written.
    private static func connection(
        to target: SocketAddress, address: String, on loop: EventLoop, tls: TLSContext?,
        options: ChannelOptions
    ) async -> Result<LoopBound<ClientConnection>, ClientError> {
        @Sendable func failure(
            _ reason: String
        ) -> Result<LoopBound<ClientConnection>, ClientError> {
            .failure(.cannotConnect(address: address, reason: reason))
        }
        return await withCheckedContinuation { continuation in
            loop.submit {
                ByteStream.connect(
                    loop: loop, address: target, timeoutMillis: options.connectTimeoutMillis
                ) { result in
                    switch result {
                    case .success(let stream):
                        let connection = ClientConnection(
                            loop: loop, stream: stream, options: options)
                        connection.start(tls, serverName: serverName(of: target, options)) {
                            reason in
                            continuation.resume(
                                returning: reason.map(failure)
                                    ?? .success(LoopBound(connection, on: loop)))
                        }
                    case .failure(let error):
                        continuation.resume(returning: failure(error.message))
                    }
                }
            }
        }
    }

    private static func tlsContext(
        _ options: ChannelOptions, address: String
    ) throws(ClientError) -> TLSContext? {
        guard let security = options.security else { return nil }
        do throws(TLSError) {
            return try TLSContext.client(
                authority: security.authority, certificate: security.certificate,
                key: security.key)
        } catch {
            let file =
                switch error.part {
                case .certificate: security.certificate
                case .key: security.key ?? security.certificate
                case .authority: security.authority
                case .session: String?.none
                }
            guard let file else { throw .cannotConnect(address: address, reason: error.reason) }
            throw .unusableFile(path: file, reason: error.reason)
        }
    }

    private static func serverName(of address: SocketAddress, _ options: ChannelOptions) -> String {
        if let name = options.security?.serverName { return name }
        switch address {
        case .ip(let host, _): return host
        case .unix: return "localhost"
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
        if options.security != nil { request.scheme = "https" }
        request.metadata = metadata
        if let token = options.token {
            request.metadata.append((name: "authorization", value: "Bearer \(token)"))
        }
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
