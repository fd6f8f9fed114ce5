import LarderClient
import LarderGRPC
import Synchronization
import Testing

@Suite("Channel", .timeLimit(.minutes(2)))
struct ChannelTests {
    @Test("a unary call is answered with its message, long or short")
    func unary() async throws {
        let server = try FakeServer()
        let channel = try await Channel.connect(to: server.address)
        for count in [0, 1, 5_000, 3_000_000] {
            let message = [UInt8](repeating: 7, count: count)
            let answer = try await channel.unary("/test/Echo", request: message)
            #expect(answer == message)
        }
        channel.close()
    }

    @Test("a hundred calls at once each get their own answer")
    func manyCalls() async throws {
        let server = try FakeServer()
        let channel = try await Channel.connect(to: server.address)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<100 {
                group.addTask {
                    let message = [UInt8](repeating: UInt8(index), count: index * 37)
                    return try await channel.unary("/test/Echo", request: message) == message
                }
            }
            for try await isSame in group { #expect(isSame) }
        }
    }

    @Test("a Unix socket serves as well as a port")
    func unixSocket() async throws {
        let server = try FakeServer(
            address: "unix:/tmp/larder-test-\(UInt64.random(in: 0...(.max)))")
        let channel = try await Channel.connect(to: server.address)
        #expect(try await channel.unary("/test/Echo", request: [1]) == [1])
    }

    @Test("an address without a listener is told as such")
    func refused() async throws {
        let server = try FakeServer()
        let address = server.address
        server.stop()
        await #expect(
            throws: ClientError.cannotConnect(address: address, reason: "connection refused")
        ) {
            _ = try await Channel.connect(to: address)
        }
    }

    @Test(
        "what is no address of a server is told as such, with what would be one",
        arguments: [
            ("", "no port"), ("nonsense", "no port"), ("host:", "no port"),
            ("host:99999", "0 to 65535"), ("host:-1", "0 to 65535"), ("127.0.0.1:0", "port 0"),
            ("[::1:7070", "bracket"), ("::1:7070", "bracket"), ("127.1:7070", "four numbers"),
            ("a b:1", "neither"), ("unix:", "no path"),
        ])
    func malformed(address: String, reason: String) async {
        let error = await #expect(throws: ClientError.self) {
            _ = try await Channel.connect(to: address)
        }
        guard case .malformedAddress(address, let told) = error else {
            Issue.record("\(address): \(String(describing: error))")
            return
        }
        #expect(told.contains(reason))
        #expect(error?.description.contains("host:port, [ipv6]:port, :port or unix:/path") == true)
    }

    @Test("a token does not go to another machine in cleartext")
    func tokenInCleartext() async {
        let address = "192.0.2.1:7070"
        await #expect(throws: ClientError.tokenInCleartext(address: address)) {
            var options = ChannelOptions()
            options.token = "secret"
            _ = try await Channel.connect(to: address, options: options)
        }
    }

    @Test("a port alone is this machine: a token may go there")
    func portAlone() async throws {
        let server = try FakeServer()
        let port = try #require(server.address.split(separator: ":").last)
        var options = ChannelOptions()
        options.token = "secret"
        let channel = try await Channel.connect(to: ":\(port)", options: options)
        #expect(try await channel.unary("/test/Echo", request: [1]) == [1])
        #expect(server.notes.authorities.withLock { $0 } == ["localhost:\(port)"])
    }

    @Test("a status in trailers alone reaches the caller, words and all")
    func refusedCall() async throws {
        let server = try FakeServer()
        let channel = try await Channel.connect(to: server.address)
        await #expect(throws: ClientError.status(Status(.invalidArgument, "no: 100 %"))) {
            _ = try await channel.unary("/test/Refuse", request: [1])
        }
        #expect(try await channel.unary("/test/Echo", request: [1]) == [1])
    }

    @Test("a unary call takes one message: none, two and a cut one are violations")
    func cardinality() async throws {
        let server = try FakeServer()
        let channel = try await Channel.connect(to: server.address)
        for method in ["Nothing", "Twice", "Cut"] {
            let error = await #expect(throws: ClientError.self) {
                _ = try await channel.unary("/test/\(method)", request: [1])
            }
            guard case .protocolViolation = error else {
                Issue.record("\(method): \(String(describing: error))")
                continue
            }
        }
    }

    @Test("messages go both ways on one call until both sides have ended")
    func chat() async throws {
        let server = try FakeServer()
        let channel = try await Channel.connect(to: server.address)
        let call = channel.open("/test/Chat")
        for index in 0..<50 {
            let message = [UInt8](repeating: UInt8(index), count: index * 100)
            try await call.send(message)
            #expect(try await call.next() == message)
        }
        call.halfClose()
        #expect(try await call.next() == nil)
        #expect(try await call.next() == nil)
    }

    @Test("a long answer comes whole although no more than the window is held")
    func streaming() async throws {
        let server = try FakeServer()
        let channel = try await Channel.connect(to: server.address)
        let call = channel.open("/test/Count")
        try await call.send([200])
        call.halfClose()
        var count = 0
        while let message = try await call.next() {
            #expect(message.count == 100_000)
            count += 1
        }
        #expect(count == 200)
    }

    @Test("a server that does not read stops the sender, and cancelling frees it")
    func backPressure() async throws {
        let server = try FakeServer()
        let channel = try await Channel.connect(to: server.address)
        let call = channel.open("/test/Silent")
        let sender = Task {
            var sentBytes = 0
            do {
                while sentBytes < 100 << 20 {
                    try await call.send([UInt8](repeating: 1, count: 64 << 10))
                    sentBytes += 64 << 10
                }
            } catch {}
            return sentBytes
        }
        // The server's window is 1 MiB: once that is used up nothing moves.
        while server.notes.receivedBytes.withLock({ $0 }) < 1 << 20 { await Task.yield() }
        while call.unsentBytes <= 1 << 20 { await Task.yield() }
        sender.cancel()
        #expect(await sender.value < 4 << 20)
        #expect(try await channel.unary("/test/Echo", request: [1]) == [1])
    }

    @Test("a cancelled task's call ends and the server hears of it")
    func cancellation() async throws {
        let server = try FakeServer()
        let channel = try await Channel.connect(to: server.address)
        let waiting = Task { try await channel.unary("/test/Silent", request: [1]) }
        while server.notes.callCount.withLock({ $0 }) == 0 { await Task.yield() }
        waiting.cancel()
        let error = await #expect(throws: ClientError.self) { _ = try await waiting.value }
        #expect(error == .status(.cancelled))
        while server.notes.resetCount.withLock({ $0 }) == 0 { await Task.yield() }
    }

    @Test("a deadline ends a call that is not answered")
    func deadline() async throws {
        let server = try FakeServer()
        let channel = try await Channel.connect(to: server.address)
        await #expect(throws: ClientError.status(.deadlineExceeded)) {
            _ = try await channel.unary("/test/Silent", request: [1], timeoutMillis: 30)
        }
    }

    @Test("a lost connection ends every call on it and all that come later")
    func connectionLoss() async throws {
        let server = try FakeServer()
        let channel = try await Channel.connect(to: server.address)
        let waiting = Task { try await channel.unary("/test/Silent", request: [1]) }
        while server.notes.callCount.withLock({ $0 }) == 0 { await Task.yield() }
        for call in [waiting, Task { try await channel.unary("/test/Drop", request: [1]) }] {
            let error = await #expect(throws: ClientError.self) { _ = try await call.value }
            guard case .connectionLost = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        await #expect(throws: ClientError.self) {
            _ = try await channel.unary("/test/Echo", request: [1])
        }
    }

    @Test("a closed channel fails its calls instead of leaving them waiting")
    func closedChannel() async throws {
        let server = try FakeServer()
        let channel = try await Channel.connect(to: server.address)
        let call = channel.open("/test/Silent")
        channel.close()
        await #expect(throws: ClientError.self) { _ = try await call.next() }
        await #expect(throws: ClientError.self) {
            _ = try await channel.unary("/test/Echo", request: [1])
        }
    }

    @Test("a message over the limit is refused at its announcement")
    func messageTooLong() async throws {
        let server = try FakeServer()
        var options = ChannelOptions()
        options.receivedMessageBytesMax = 99_999
        let channel = try await Channel.connect(to: server.address, options: options)
        let error = await #expect(throws: ClientError.self) {
            _ = try await channel.unary("/test/Count", request: [1])
        }
        guard case .status(let status) = error else { return #expect(Bool(false)) }
        #expect(status.code == .resourceExhausted)
    }
}
