import LarderGRPC
import LarderHTTP2
import LarderIO
import LarderProtocol
import LarderServer
import LarderService
import Testing

@Suite("Connections on sockets")
struct ConnectionTests {
    private var wide: SessionOptions {
        var options = SessionOptions()
        options.initialWindowBytes = 1 << 30
        options.connectionWindowBytes = 1 << 30
        return options
    }

    private func store(_ key: String, _ value: [UInt8], in server: LoopServer) throws {
        try LarderServerTests.store(
            key, value, in: server.services, nowNanos: server.loop.nowNanos)
    }

    @Test("a call is answered, and nothing is left of a connection that has closed")
    func getAndClose() throws {
        var seen: GetResponse?
        weak var connection: Connection?
        weak var stream: ByteStream?
        weak var shared: LoopShared?
        try withLoop { loop in
            let server = LoopServer(loop)
            shared = server.shared
            try store("a", .pattern(100_000), in: server)
            try server.connect { client in
                connection = server.lastConnection
                stream = server.lastStream
                client.stream.start()
                guard let call = try? client.open("Get", GetRequest(key: [UInt8(ascii: "a")]))
                else { return loop.stop() }
                client.onNews = { client in
                    guard !client.isClosed, client.hearing.endedCount == 1 else { return }
                    seen = try? client.hearing.answer(call).message()
                    client.stream.close()
                    stop(loop) { connection == nil && stream == nil }
                }
            }
        }
        #expect(seen?.value == .pattern(100_000))
        #expect(connection == nil)
        #expect(stream == nil)
        #expect(shared == nil)
    }

    @Test(
        "a loop that nobody speaks to keeps nothing for the next ones, who are served all the same")
    func quiet() throws {
        var answers: [[UInt8]] = []
        var mostKept = 0
        try withLoop { loop in
            let server = LoopServer(loop)
            try store("a", .pattern(100_000), in: server)
            let memory = server.shared.sessionMemory
            func call() throws {
                try server.connect { client in
                    client.stream.start()
                    let call = try? client.open("Get", GetRequest(key: [UInt8(ascii: "a")]))
                    client.onNews = { client in
                        guard !client.isClosed, client.hearing.endedCount == 1, let call else {
                            return
                        }
                        mostKept = max(mostKept, memory.keptBytes)
                        let answer: GetResponse? = try? client.hearing.answer(call).message()
                        answers.append(answer?.value ?? [])
                        client.stream.close()
                        wait()
                    }
                }
            }
            func wait() {
                var look: LarderIO.Timer?
                look = loop.timer(afterMillis: 1, repeatMillis: 1) {
                    guard server.lastConnection == nil, memory.keptBytes == 0 else { return }
                    look?.cancel()
                    look = nil
                    guard answers.count < 3, (try? call()) != nil else { return loop.stop() }
                }
            }
            try call()
        }
        #expect(mostKept > 0)
        #expect(answers == [[UInt8]](repeating: .pattern(100_000), count: 3))
    }

    @Test("a peer that resets the connection amid large answers harms nobody")
    func resetAmidAnswers() throws {
        weak var connection: Connection?
        try withLoop { loop in
            let server = LoopServer(loop)
            try store("a", [UInt8](repeating: 7, count: 1 << 20), in: server)
            try server.connect(options: wide) { client in
                connection = server.lastConnection
                for _ in 0..<50 {
                    _ = try? client.open("Get", GetRequest(key: [UInt8(ascii: "a")]))
                }
                // The server's SETTINGS lie unread, so this is a reset.
                client.stream.close()
                stop(loop) { connection == nil }
            }
        }
        #expect(connection == nil)
    }

    @Test("an answer of very many values sent by reference fits into the output")
    func manyReferences() throws {
        var seen: BatchGetResponse?
        try withLoop { loop in
            let server = LoopServer(loop)
            for index in 0..<1_000 {
                try store("k\(index)", .pattern(1_025, seed: index), in: server)
            }
            try server.connect(options: wide) { client in
                client.stream.start()
                let keys = (0..<1_000).map { Array("k\($0)".utf8) }
                guard let call = try? client.open("BatchGet", BatchGetRequest(keys: keys)) else {
                    return loop.stop()
                }
                client.onNews = { client in
                    guard client.hearing.answer(call).isClosed || client.isClosed else { return }
                    seen = try? client.hearing.answer(call).message()
                    loop.stop()
                }
            }
        }
        #expect(seen?.responses.count == 1_000)
        for (index, response) in (seen?.responses ?? []).enumerated() {
            #expect(response.value == .pattern(1_025, seed: index))
        }
    }

    @Test("a long answer over a wide window arrives whole, in as many goes as it takes")
    func longExport() throws {
        let count = 400
        var ended: Heard?
        try withLoop { loop in
            let server = LoopServer(loop)
            for index in 0..<count {
                try store("k\(index)", [UInt8](repeating: 7, count: 40_000), in: server)
            }
            try server.connect(options: wide) { client in
                client.stream.start()
                guard let call = try? client.open("Export", ExportRequest()) else {
                    return loop.stop()
                }
                client.onNews = { client in
                    guard client.hearing.endedCount == 1 || client.isClosed else { return }
                    ended = client.hearing.answer(call)
                    loop.stop()
                }
            }
        }
        #expect(ended?.status.isOK == true)
        let messages = try #require(ended).messages(as: ExportResponse.self)
        #expect(messages.reduce(0) { $0 + $1.entries.count } == count)
    }

    @Test("a client that does not read is not read either, and gets everything when it does")
    func slowReader() throws {
        let count = 50
        var hitsWhenStalled: UInt64 = 0
        var answers: [GetResponse] = []
        try withLoop { loop in
            let server = LoopServer(loop)
            try store("a", [UInt8](repeating: 7, count: 1 << 20), in: server)
            try server.connect(options: wide) { client in
                var calls: [StreamRef] = []
                var turns = 0
                var timer: LarderIO.Timer?
                // One request a turn, and not a byte read.
                timer = loop.timer(afterMillis: 1, repeatMillis: 1) {
                    turns += 1
                    if turns <= count {
                        guard
                            let call = try? client.open("Get", GetRequest(key: [UInt8(ascii: "a")]))
                        else { return loop.stop() }
                        calls.append(call)
                    } else if turns == count + 20 {
                        hitsWhenStalled = server.hits()
                        timer?.cancel()
                        client.stream.start()
                    }
                }
                client.onNews = { client in
                    guard client.hearing.endedCount == count || client.isClosed else { return }
                    answers = calls.compactMap { try? client.hearing.answer($0).message() }
                    loop.stop()
                }
            }
        }
        #expect(hitsWhenStalled > 0)
        #expect(hitsWhenStalled < count)
        #expect(answers.count == count)
        let expected = [UInt8](repeating: 7, count: 1 << 20)
        #expect(answers.allSatisfy { $0.value == expected })
    }

    @Test("a deadline ends a call whose request is never complete")
    func deadline() throws {
        var status: Status?
        try withLoop { loop in
            let server = LoopServer(loop)
            try server.connect { client in
                client.stream.start()
                guard
                    let call = try? client.open(
                        "Get", GetRequest?.none, timeoutNanos: 5_000_000)
                else { return loop.stop() }
                client.onNews = { client in
                    guard client.hearing.answer(call).isClosed || client.isClosed else { return }
                    status = client.hearing.answer(call).status
                    loop.stop()
                }
            }
        }
        #expect(status?.code == .deadlineExceeded)
    }

    @Test("who speaks HTTP/1.1 gets SETTINGS and an orderly end", arguments: [0, 700_000])
    func anotherProtocol(bodyBytes: Int) throws {
        var ear: PlainEar?
        try withLoop { loop in
            let server = LoopServer(loop)
            try server.connect { client in
                let made = PlainEar(client.stream) { loop.stop() }
                ear = made
                client.stream.start()
                var request = Array("PUT / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
                request += [UInt8](repeating: 120, count: bodyBytes)
                _ = client.stream.output.append(copying: request.span)
                client.stream.flush()
            }
        }
        #expect(ear?.bytes.dropFirst(3).first == 4)
        #expect(ear?.isClosed == true)
        #expect(ear?.error == nil)
    }

    @Test("when the drain's time is over, last words reach also a client that reads late")
    func lastWords() throws {
        let large = [UInt8](repeating: 7, count: 14 << 20)
        var load: Status?
        var get: GetResponse?
        var error: IOError?
        try withLoop { loop in
            let server = LoopServer(loop, budgetBytes: 256 << 20)
            try store("a", large, in: server)
            try server.connect(options: wide) { client in
                guard
                    let loading = try? client.open("BulkLoad"),
                    let large = try? client.open(
                        "Get", GetRequest(key: [UInt8(ascii: "a")], maxInlineBytes: .max))
                else { return loop.stop() }
                var isDrained = false
                // The client reads nothing before the drain's time is over.
                var timer: LarderIO.Timer?
                timer = loop.timer(afterMillis: 0, repeatMillis: 1) {
                    guard server.hits() == 1 else { return }
                    timer?.cancel()
                    server.shared.beginDrain { isDrained = true }
                    server.shared.endDrain()
                    client.stream.start()
                    stop(loop) { isDrained && client.isClosed }
                }
                client.onNews = { client in
                    guard case .some(let last) = client.closeError else { return }
                    error = last
                    load = client.hearing.answer(loading).status
                    get = try? client.hearing.answer(large).message()
                }
            }
        }
        #expect(load?.code == .unavailable)
        #expect(get.map { $0.value == large } == true)
        #expect(error == nil)
    }
}

/// Hears bytes and nothing in them.
private final class PlainEar: ByteStreamDelegate {
    private(set) var bytes: [UInt8] = []
    private(set) var isClosed = false
    private(set) var error: IOError?
    private let onClosed: () -> Void

    init(_ stream: ByteStream, onClosed: @escaping () -> Void) {
        self.onClosed = onClosed
        stream.delegate = self
    }

    func received(_ span: Span<UInt8>) { append(span, to: &bytes) }
    func drained() {}

    func closed(_ error: IOError?) {
        isClosed = true
        self.error = error
        onClosed()
    }
}
