import LarderHTTP2
import Testing

@Suite("The connection as a whole")
struct ConnectionTests {
    @Test("both sides acknowledge settings, and the client learns the limit")
    func settings() throws {
        var options = SessionOptions()
        options.maxConcurrentStreams = 77
        var pair = SessionPair(server: options)
        try pair.run()
        #expect(pair.serverSaw == [.settings, .settingsAcknowledged])
        #expect(pair.clientSaw == [.settings, .settingsAcknowledged])
        let limit = pair.client.peerMaxConcurrentStreams
        #expect(limit == 77)
    }

    @Test("a ping comes back with its bytes", arguments: [0, 1, 0x0102_0304_0506_0708, .max])
    func ping(opaque: UInt64) throws {
        var pair = SessionPair()
        try pair.run()
        pair.server.ping(opaque: opaque)
        try pair.run()
        #expect(pair.serverSaw.last == .ping(opaque))
        pair.client.ping(opaque: ~opaque)
        try pair.run()
        #expect(pair.clientSaw.last == .ping(~opaque))
        let counters = pair.server.counters
        #expect(counters.pingsReceived == 2)
    }

    @Test("closing takes two steps: streams that begin between them are served")
    func goAway() throws {
        var pair = SessionPair()
        let first = pair.client.open(headers: Fields.request, endOfStream: true)
        try pair.run()
        pair.server.submitShutdownNotice()
        // This one is on its way when the notice goes out.
        let second = pair.client.open(headers: Fields.request, endOfStream: true)
        try pair.run()
        #expect(pair.clientSaw.contains(.goAway(Int32.max, 0)))
        let third = pair.client.open(headers: Fields.request, endOfStream: true)
        #expect(third == nil)
        pair.server.submitGoAway(code: 0, debug: "max_age")
        try pair.run()
        guard let first, let second else { return }
        #expect(pair.clientSaw.last == .goAway(second.id, 0))
        let isFinished = pair.server.isFinished
        #expect(!isFinished)
        for stream in [first, second] {
            pair.server.respond(
                stream, headers: Fields.ok, body: [1].span, trailers: Fields.trailers)
        }
        try pair.run()
        #expect(pair.clientSaw(first).last == .closed(first, 0))
        #expect(pair.clientSaw(second).last == .closed(second, 0))
        let isNowFinished = pair.server.isFinished
        #expect(isNowFinished)
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("streams beyond the last one of a GOAWAY are refused to the client's face")
    func refusedByGoAway() throws {
        var pair = SessionPair()
        try pair.run()
        pair.server.submitGoAway(code: 0)
        let output = try pair.serverOutput()
        let stream = pair.client.open(headers: Fields.request, endOfStream: true)
        guard let stream else { return }
        _ = try pair.clientToServer()
        try pair.clientReceive(output)
        try pair.run()
        #expect(pair.clientSaw(stream).last == .closed(stream, 7))
        #expect(pair.serverSaw.compactMap(\.stream).isEmpty)
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("a request that a GOAWAY overtook is closed without a word to the peer")
    func overtakenByGoAway() throws {
        var pair = SessionPair()
        let first = pair.client.open(headers: Fields.request, endOfStream: true)
        try pair.run()
        let late = pair.client.open(headers: Fields.request, body: [1].span, endOfStream: true)
        pair.server.submitGoAway(code: 0)
        _ = try pair.serverToClient()
        try pair.run()
        guard let first, let late else { return }
        if case .closed? = pair.clientSaw(late).last {} else { Issue.record("it is still open") }
        let counters = pair.client.counters
        #expect(counters.resetsSent == 0)
        pair.server.respondHeadersOnly(first, headers: Fields.failure)
        try pair.run()
        #expect(pair.clientSaw(first).last == .closed(first, 0))
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("a terminated session says why and reads no more")
    func terminate() throws {
        var pair = SessionPair()
        try pair.run()
        pair.server.terminate(code: 11)
        _ = try pair.serverToClient()
        let wantsRead = pair.server.wantsRead
        #expect(!wantsRead)
        #expect(pair.clientSaw.last == .goAway(0, 11))
        let isFinished = pair.server.isFinished
        let code = pair.server.terminationCode
        #expect(isFinished)
        #expect(code == 11)
    }

    @Test("over the limit of concurrent streams requests wait in the client")
    func concurrencyLimit() throws {
        var options = SessionOptions()
        options.maxConcurrentStreams = 3
        var pair = SessionPair(server: options)
        try pair.run()
        for _ in 0..<10 { _ = pair.client.open(headers: Fields.request, endOfStream: true) }
        try pair.run()
        let open = pair.server.openStreamCount
        #expect(open == 3)
        for id in stride(from: Int32(1), through: 19, by: 2) {
            guard let seen = pair.serverSaw.first(where: { $0.stream?.id == id })?.stream else {
                Issue.record("stream \(id) did not come")
                return
            }
            pair.server.respondHeadersOnly(seen, headers: Fields.failure)
            try pair.run()
        }
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("a client that opens more than allowed is refused stream by stream, then cut off")
    func overTheLimit() throws {
        var options = SessionOptions()
        options.maxConcurrentStreams = 2
        var pair = SessionPair(server: options)
        var bytes = RawFrame.preface + RawFrame.settings
        for id in 0..<10 { bytes += RawFrame.headers(stream: UInt32(id * 2 + 1), endStream: true) }
        try pair.serverReceive(bytes)
        let counters = pair.server.counters
        #expect(counters.streamsRefused == 8)
        #expect(pair.serverSaw.compactMap(\.stream).count == 2)
        _ = try pair.serverOutput()
        // From its acknowledgement on the client knows the limit.
        try pair.serverReceive(
            RawFrame.frame(type: 4, flags: 1, stream: 0, payload: [])
                + RawFrame.headers(stream: 41, endStream: true))
        _ = try pair.serverOutput()
        let code = pair.server.terminationCode
        #expect(code == 1)
    }

    @Test("a flood of resets is ended")
    func resetFlood() throws {
        var pair = SessionPair()
        try pair.serverReceive(RawFrame.preface + RawFrame.settings)
        var id: UInt32 = 1
        for _ in 0..<40 {
            var bytes: [UInt8] = []
            for _ in 0..<50 {
                bytes += RawFrame.headers(stream: id) + RawFrame.reset(stream: id)
                id += 2
            }
            try pair.serverReceive(bytes)
            _ = try pair.serverOutput()
            pair.takeServerEvents([])
            if pair.server.terminationCode != nil { break }
        }
        let counters = pair.server.counters
        let code = pair.server.terminationCode
        #expect(code != nil)
        #expect(counters.streamsOpened <= 300)
        let (open, used) = (pair.server.openStreamCount, pair.server.usedSlotCount)
        #expect(open == 0)
        #expect(used == 0)
        let isFinished = pair.server.isFinished
        #expect(isFinished)
    }

    @Test("a flood of pings that nobody reads the answers to is ended")
    func pingFlood() throws {
        var pair = SessionPair()
        try pair.serverReceive(RawFrame.preface + RawFrame.settings)
        let ping = RawFrame.frame(type: 6, flags: 0, stream: 0, payload: [0, 0, 0, 0, 0, 0, 0, 0])
        let flood = (0..<2000).flatMap { _ in ping }
        #expect(throws: HTTP2Error.flooded) { try pair.serverReceive(flood) }
        let wantsRead = pair.server.wantsRead
        #expect(!wantsRead)
        #expect(throws: HTTP2Error.flooded) { try pair.serverReceive([0]) }
        #expect(throws: HTTP2Error.flooded) { _ = try pair.serverOutput() }
    }

    @Test("a header list in too many pieces ends the session")
    func continuationFlood() throws {
        var pair = SessionPair()
        var bytes = RawFrame.preface + RawFrame.settings
        bytes += RawFrame.frame(type: 1, flags: 1, stream: 1, payload: RawFrame.requestBlock)
        for _ in 0..<20 { bytes += RawFrame.frame(type: 9, flags: 0, stream: 1, payload: []) }
        #expect(throws: HTTP2Error.tooManyContinuations) { try pair.serverReceive(bytes) }
    }

    @Test("what is not HTTP/2 is told apart at once")
    func badPreface() {
        var pair = SessionPair()
        #expect(throws: HTTP2Error.badPreface) {
            try pair.serverReceive(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        }
    }

    @Test("every frame header is counted by its type, unknown types too")
    func counters() throws {
        var pair = SessionPair()
        try pair.serverReceive(
            RawFrame.preface + RawFrame.settings
                + RawFrame.headers(stream: 1)
                + RawFrame.data(stream: 1, [1, 2, 3]) + RawFrame.data(stream: 1, [])
                + RawFrame.data(stream: 1, [], endStream: true)
                + RawFrame.frame(type: 2, flags: 0, stream: 1, payload: [0, 0, 0, 0, 0])
                + RawFrame.frame(type: 8, flags: 0, stream: 0, payload: [0, 0, 0, 1])
                + RawFrame.frame(type: 0xEE, flags: 0, stream: 0, payload: [9])
                + RawFrame.reset(stream: 1) + RawFrame.data(stream: 1, [1]))
        var expected = SessionCounters()
        expected.settingsReceived = 1
        expected.headersReceived = 1
        expected.dataReceived = 4
        expected.emptyDataReceived = 1
        expected.prioritiesReceived = 1
        expected.windowUpdatesReceived = 1
        expected.unknownReceived = 1
        expected.idleFramesReceived = 5
        expected.resetsReceived = 1
        expected.streamsOpened = 1
        expected.streamsClosed = 1
        let counters = pair.server.counters
        #expect(counters == expected)
        #expect(counters.framesReceived == 10)
    }

    @Test("an answer that cannot be sent resets its stream")
    func unsendableAnswer() throws {
        var pair = SessionPair()
        let stream = pair.client.open(headers: Fields.request, endOfStream: true)
        guard let stream else { return }
        // More than one header list may have in the library.
        let huge = HeaderBlock(
            [(":status", "200")]
                + (0..<20).map { ("x-\($0)", String(repeating: "\u{7F}", count: 60_000)) })
        try pair.run { server, seen in
            if seen.isEnd, let stream = seen.stream {
                server.respond(
                    stream, headers: huge, body: pattern(100_000).span, trailers: Fields.trailers)
            }
        }
        #expect(pair.clientSaw(stream).last == .closed(stream, 2))
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }
}
