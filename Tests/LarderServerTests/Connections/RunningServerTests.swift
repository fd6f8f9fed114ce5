import LarderGRPC
import LarderHTTP2
import LarderIO
import LarderProtocol
import LarderServer
import LarderService
import Logging
import Testing

@Suite("A running server")
struct RunningServerTests {
    private func makeServer(drainMillis: UInt64 = 60_000) throws -> RunningServer {
        let memory = MachineMemory(totalBytes: 1 << 30, limitBytes: nil)
        var settings = Settings(machine: Machine(memory: memory, cores: 2))
        settings.listen = ["127.0.0.1:0"]
        settings.memoryBytes = 64 << 20
        settings.threads = 2
        settings.drainTimeoutMillis = drainMillis
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try RunningServer(settings: settings, logger: logger)
    }

    /// Connects to the server, waits until it has begun to serve, and runs until the test stops the loop.
    private func withClients(
        _ count: Int, of server: RunningServer,
        _ ready: @escaping (EventLoop, [SocketClient]) -> Void
    ) throws {
        let address = try #require(server.boundAddresses.first)
        try withLoop { loop in
            var clients: [SocketClient] = []
            for _ in 0..<count {
                SocketClient.connect(loop, address) { stream in
                    let client = SocketClient(stream)
                    // Its first bytes tell that a loop of the server has it.
                    client.onNews = { client in
                        client.onNews = nil
                        clients.append(client)
                        if clients.count == count { ready(loop, clients) }
                    }
                    stream.start()
                    client.flush()
                }
            }
        }
    }

    @Test("what one connection stores, others read, on whichever loop they are")
    func sharedCache() async throws {
        let server = try makeServer()
        var values: [[UInt8]] = []
        try withClients(5, of: server) { loop, clients in
            guard let set = try? clients[0].open("Set", SetRequest(key: [1], value: [7])) else {
                return loop.stop()
            }
            clients[0].onNews = { client in
                guard client.hearing.answer(set).isClosed else { return }
                client.onNews = nil
                for reader in clients.dropFirst() {
                    guard let get = try? reader.open("Get", GetRequest(key: [1])) else {
                        return loop.stop()
                    }
                    reader.onNews = { reader in
                        guard reader.hearing.answer(get).isClosed else { return }
                        reader.onNews = nil
                        let read: GetResponse? = try? reader.hearing.answer(get).message()
                        values.append(read?.value ?? [])
                        if values.count == 4 { loop.stop() }
                    }
                }
            }
        }
        server.drain()
        await server.untilStopped()
        #expect(values == [[7], [7], [7], [7]])
    }

    @Test("a drain without calls asks every client to go, closes and stops")
    func drainIdle() async throws {
        let server = try makeServer()
        var closed = 0
        var errors: [IOError] = []
        var goAways = 0
        try withClients(4, of: server) { loop, clients in
            for client in clients {
                client.onNews = { client in
                    guard case .some(let error) = client.closeError else { return }
                    client.onNews = nil
                    closed += 1
                    goAways += client.hearing.goAways.isEmpty ? 0 : 1
                    if let error { errors.append(error) }
                    if closed == 4 { loop.stop() }
                }
            }
            server.drain()
            server.drain()
        }
        server.drain()
        await server.untilStopped()
        #expect(closed == 4)
        #expect(errors == [])
        #expect(goAways == 4)
    }

    @Test("a call that is open when the drain begins may end, a new connection may not begin")
    func drainWithCalls() async throws {
        let server = try makeServer()
        let address = try #require(server.boundAddresses.first)
        var done: BulkLoadResponse?
        var wasRefused = false
        try withClients(1, of: server) { loop, clients in
            let client = clients[0]
            guard let load = try? client.open("BulkLoad") else { return loop.stop() }
            let start = framed(BulkLoadRequest(.start(BulkLoadStart(sessionID: "s"))).encoded())
            client.session.send(load, start.span)
            client.flush()
            var hasBegun = false
            client.onNews = { client in
                let answer = client.hearing.answer(load)
                if client.isClosed { return loop.stop() }
                if answer.isClosed {
                    done = try? answer.messages(as: BulkLoadResponse.self).last
                } else if !hasBegun, !answer.messages.isEmpty {
                    hasBegun = true
                    server.drain()
                } else if client.hearing.goAways.count == 2 {
                    ByteStream.connect(loop: loop, address: address, timeoutMillis: 60_000) {
                        if case .failure = $0 { wasRefused = true }
                        client.session.endBody(load)
                        client.flush()
                    }
                }
            }
        }
        server.drain()
        await server.untilStopped()
        #expect(done?.done == true)
        #expect(wasRefused)
    }

    @Test("a call that outlasts the drain hears UNAVAILABLE")
    func drainTimeout() async throws {
        let server = try makeServer(drainMillis: 20)
        var status: Status?
        try withClients(1, of: server) { loop, clients in
            let client = clients[0]
            guard let load = try? client.open("BulkLoad"), let get = try? client.open("Get") else {
                return loop.stop()
            }
            let limits = try? client.open("GetLimits", GetLimitsRequest())
            client.onNews = { client in
                if let limits, client.hearing.answer(limits).isClosed, status == nil {
                    status = .ok
                    server.drain()
                }
                guard client.isClosed else { return }
                let ends = [load, get].map { client.hearing.answer($0).status }
                #expect(ends.map(\.code) == [.unavailable, .unavailable])
                status = ends[0]
                loop.stop()
            }
        }
        server.drain()
        await server.untilStopped()
        #expect(status?.code == .unavailable)
    }
}
