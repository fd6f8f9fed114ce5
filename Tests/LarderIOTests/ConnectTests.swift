import LarderIO
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite("Connecting")
struct ConnectTests {
    /// Connects and returns the error, with the loop stopped.
    func failure(
        _ address: SocketAddress, timeoutMillis: UInt64 = 10_000,
        then: (EventLoop, ConnectAttempt) -> Void = { _, _ in }
    ) throws -> IOError? {
        var error: IOError?
        var calls = 0
        try withLoop { loop in
            let attempt = ByteStream.connect(
                loop: loop, address: address, timeoutMillis: timeoutMillis
            ) { result in
                calls += 1
                switch result {
                case .success(let stream): stream.close()
                case .failure(let reason): error = reason
                }
                loop.timer(afterMillis: 5) { loop.stop() }
            }
            #expect(calls == 0, "the answer never comes from inside the call")
            then(loop, attempt)
        }
        #expect(calls == 1)
        return error
    }

    @Test("nobody listens: refused, by address and by name")
    func refused() throws {
        let socket = try ListeningSocket(loopback)
        guard case .ip(_, let port) = socket.boundAddress else { return }
        let free = try freePort()
        #expect(port != free)
        let error = try failure(.ip(host: "127.0.0.1", port: free))
        #expect(error?.code == "ECONNREFUSED")
        #expect(error?.context == "connect to 127.0.0.1:\(free)")
        let named = try failure(.ip(host: "localhost", port: free))
        #expect(named?.code == "ECONNREFUSED")
    }

    @Test("no socket file: the error says so")
    func noFile() throws {
        let error = try failure(.unix(path: socketPath("nowhere")))
        #expect(error?.code == "ENOENT")
    }

    @Test("a name that does not exist is an error")
    func unknownName() throws {
        let error = try failure(.ip(host: "name.invalid", port: 1))
        #expect(error != nil)
        #expect(error?.code != "ECONNREFUSED")
    }

    @Test("a peer that does not answer: timed out")
    func timeOut() throws {
        // A listener whose queue is full answers no more.
        let socket = try ListeningSocket(loopback, backlog: 0)
        var error: IOError?
        try withLoop { loop in
            var streams: [ByteStream] = []
            for _ in 0..<4 {
                ByteStream.connect(
                    loop: loop, address: socket.boundAddress, timeoutMillis: 100
                ) { result in
                    switch result {
                    case .success(let stream): streams.append(stream)
                    case .failure(let reason):
                        // Those that still wait when the loop ends are cancelled.
                        error = error ?? reason
                        loop.stop()
                    }
                }
            }
        }
        #expect(error?.code == "ETIMEDOUT", "\(String(describing: error))")
    }

    @Test("an attempt that is given up answers so, once")
    func cancelled() throws {
        let socket = try ListeningSocket(loopback)
        let error = try failure(socket.boundAddress) { _, attempt in
            attempt.cancel()
            attempt.cancel()
        }
        #expect(error?.isCancelled == true)
    }

    @Test("a loop that ends gives up its attempts", arguments: ["127.0.0.1", "localhost"])
    func loopEnds(host: String) throws {
        let socket = try ListeningSocket(loopback)
        guard case .ip(_, let port) = socket.boundAddress else { return }
        var error: IOError?
        let loop = try EventLoop()
        ByteStream.connect(
            loop: loop, address: .ip(host: host, port: port), timeoutMillis: 10_000
        ) { result in
            if case .failure(let reason) = result { error = reason }
        }
        loop.closeAll()
        #expect(error?.isCancelled == true)
    }

    private func freePort() throws -> UInt16 {
        let socket = try ListeningSocket(loopback)
        guard case .ip(_, let port) = socket.boundAddress else { return 1 }
        return port
    }
}
