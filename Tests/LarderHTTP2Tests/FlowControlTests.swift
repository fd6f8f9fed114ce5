import LarderHTTP2
import Testing

@Suite("Flow control")
struct FlowControlTests {
    @Test("an upload stops at the window while nothing is consumed, and goes on when it is")
    func uploadStops() throws {
        var options = SessionOptions()
        options.initialWindowBytes = 1 << 20
        var pair = SessionPair(server: options)
        pair.serverConsumes = false
        // The setting binds the client once it has it.
        try pair.run()
        let total = 10 << 20
        let body = pattern(total)
        let stream = pair.client.open(headers: Fields.request, body: body.span, endOfStream: true)
        guard let stream else { return }
        try pair.run()
        var received = pair.serverBody(stream).count
        #expect(received == 1 << 20)
        var consumed = 0
        while received < total {
            let step = 300_000
            pair.server.consume(stream, step)
            consumed += step
            try pair.run()
            received = pair.serverBody(stream).count
            #expect(received - consumed <= 1 << 20)
            guard consumed <= total * 2 else { break }
        }
        #expect(pair.serverBody(stream) == body)
        pair.server.respond(stream, headers: Fields.ok, body: [1].span, trailers: Fields.trailers)
        try pair.run()
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("all streams together stay within the connection's window")
    func connectionWindow() throws {
        var options = SessionOptions()
        options.connectionWindowBytes = 3 << 20
        var pair = SessionPair(server: options)
        pair.serverConsumes = false
        try pair.run()
        let body = pattern(1 << 20)
        let streams = (0..<10).compactMap { _ in
            pair.client.open(headers: Fields.request, body: body.span, endOfStream: true)
        }
        try pair.run()
        #expect(streams.reduce(0) { $0 + pair.serverBody($1).count } == 3 << 20)
        pair.serverConsumes = true
        for stream in streams { pair.server.consume(stream, 1 << 20) }
        try pair.run()
        #expect(streams.reduce(0) { $0 + pair.serverBody($1).count } == 10 << 20)
    }

    @Test("bytes nobody consumed return to the connection when their stream is gone")
    func abandonedBytes() throws {
        var options = SessionOptions()
        options.connectionWindowBytes = 1 << 20
        var pair = SessionPair(server: options)
        pair.serverConsumes = false
        try pair.run()
        // Fifty times the connection's window, never consumed, half of it cancelled.
        for round in 0..<100 {
            let stream = pair.client.open(
                headers: Fields.request, body: pattern(500_000).span, endOfStream: round % 2 == 0)
            guard let stream else { return }
            try pair.run { server, seen in
                guard seen.isEnd, let stream = seen.stream else { return }
                server.respondHeadersOnly(stream, headers: Fields.failure)
            }
            #expect(pair.serverBody(stream).count == 500_000)
            pair.client.reset(stream, code: 8)
            try pair.run()
            pair.serverSaw.removeAll()
        }
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("an early answer is followed by a reset, and what still comes is given back")
    func earlyAnswer() throws {
        var options = SessionOptions()
        options.connectionWindowBytes = 1 << 20
        options.initialWindowBytes = 1 << 20
        var pair = SessionPair(server: options)
        pair.serverConsumes = false
        try pair.run()
        for _ in 0..<20 {
            let stream = pair.client.open(headers: Fields.request, endOfStream: false)
            guard let stream else { return }
            _ = try pair.clientToServer { server, seen in
                guard case .headers(let stream, _, _) = seen else { return }
                server.respond(
                    stream, headers: Fields.ok, body: [1].span, trailers: Fields.trailers)
            }
            // Nothing of the body is reported: the answer was complete when it came.
            pair.client.send(stream, pattern(400_000).span)
            _ = try pair.clientToServer()
            #expect(pair.serverBody(stream).count == 0)
            let output = try pair.serverOutput()
            pair.takeServerEvents([])
            #expect(pair.serverSaw.last == .closed(stream, 0))
            // The client has not heard of it and keeps sending.
            pair.client.send(stream, pattern(100_000).span)
            _ = try pair.clientToServer()
            try pair.clientReceive(output)
            #expect(
                pair.clientSaw(stream).suffix(3) == [
                    .trailers(stream, Fields.trailersText), .reset(stream, 0), .closed(stream, 0),
                ])
            try pair.run()
        }
        let counters = pair.server.counters
        #expect(counters.earlyAnswerResetsSent == 20)
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("an early answer of headers alone resets as well")
    func earlyHeadersOnly() throws {
        var pair = SessionPair()
        let stream = pair.client.open(headers: Fields.request, endOfStream: false)
        guard let stream else { return }
        try pair.run { server, seen in
            guard case .headers(let stream, _, _) = seen else { return }
            server.respondHeadersOnly(stream, headers: Fields.failure)
        }
        #expect(pair.clientSaw(stream).suffix(2) == [.reset(stream, 0), .closed(stream, 0)])
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("a plain answer that ends with its body before the request does resets as well")
    func earlyEndBody() throws {
        var pair = SessionPair()
        let stream = pair.client.open(headers: Fields.request, endOfStream: false)
        guard let stream else { return }
        try pair.run { server, seen in
            guard case .headers(let stream, _, _) = seen else { return }
            server.startResponse(stream, headers: Fields.ok)
            server.send(stream, [1, 2].span)
            server.endBody(stream)
        }
        #expect(pair.clientSaw(stream).suffix(2) == [.reset(stream, 0), .closed(stream, 0)])
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("a request that ends while its early answer waits is not reset")
    func lateEnd() throws {
        var options = SessionOptions()
        options.initialWindowBytes = 100
        var pair = SessionPair(client: options)
        pair.clientConsumes = false
        let stream = pair.client.open(headers: Fields.request, endOfStream: false)
        guard let stream else { return }
        try pair.run { server, seen in
            guard case .headers(let stream, _, _) = seen else { return }
            server.respond(
                stream, headers: Fields.ok, body: pattern(150).span, trailers: Fields.trailers)
        }
        pair.client.endBody(stream)
        try pair.run()
        pair.client.consume(stream, 100)
        try pair.run()
        #expect(pair.clientBody(stream) == pattern(150))
        let counters = pair.server.counters
        #expect(counters.resetsSent == 0)
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("padding costs window and gives it back by itself", arguments: [1, .max])
    func padding(chunkBytes: Int) throws {
        var options = SessionOptions()
        options.connectionWindowBytes = 70_000
        options.initialWindowBytes = 70_000
        var pair = SessionPair(chunkBytes: chunkBytes, server: options)
        var bytes = RawFrame.preface + RawFrame.settings + RawFrame.headers(stream: 1)
        // 256 bytes of window for one byte of payload.
        let padded = RawFrame.frame(
            type: 0, flags: 8, stream: 1,
            payload: [254, 7] + [UInt8](repeating: 0, count: 254))
        for _ in 0..<200 { bytes += padded }
        try pair.serverReceive(bytes)
        bytes.removeAll()
        for _ in 0..<300 { bytes += padded }
        _ = try pair.serverOutput()
        try pair.serverReceive(bytes)
        let all = pair.serverSaw.filter {
            if case .data(_, [7], false) = $0 { true } else { false }
        }
        #expect(all.count == 500)
        let code = pair.server.terminationCode
        #expect(code == nil)
        let wantsRead = pair.server.wantsRead
        #expect(wantsRead)
    }
}
