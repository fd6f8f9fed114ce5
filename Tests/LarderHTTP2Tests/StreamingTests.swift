import LarderHTTP2
import Testing

@Suite("Bodies that come bit by bit")
struct StreamingTests {
    @Test("messages go both ways on one stream, in order", arguments: [1, 5, .max])
    func bothWays(chunkBytes: Int) throws {
        var pair = SessionPair(chunkBytes: chunkBytes)
        let stream = pair.client.open(headers: Fields.request, endOfStream: false)
        guard let stream else { return }
        var sent: [UInt8] = []
        for round in 0..<10 {
            let message = pattern(round * 37, seed: UInt64(round))
            sent += message
            pair.client.send(stream, message.span)
            if round == 9 { pair.client.endBody(stream) }
            try pair.run { server, seen in
                switch seen {
                case .headers(let stream, _, _): server.startResponse(stream, headers: Fields.ok)
                case .data(let stream, let bytes, let end):
                    server.send(stream, bytes.span)
                    if end { server.finish(stream, trailers: Fields.trailers) }
                case .end(let stream): server.finish(stream, trailers: Fields.trailers)
                case .trailers, .headersTooLarge, .reset, .closed, .bodyLow, .goAway, .settings,
                    .settingsAcknowledged, .ping:
                    break
                }
            }
            #expect(pair.clientBody(stream) == sent)
        }
        let saw = pair.clientSaw(stream)
        #expect(saw.suffix(2) == [.trailers(stream, Fields.trailersText), .closed(stream, 0)])
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("copies and tails keep their order whatever the sizes", arguments: 0..<8)
    func mixedOrder(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var pair = SessionPair()
        pair.isStingy = seed % 2 == 0
        let stream = pair.client.open(headers: Fields.request, endOfStream: false)
        guard let stream else { return }
        try pair.run { server, seen in
            if case .headers(let stream, _, _) = seen {
                server.startResponse(stream, headers: Fields.ok)
            }
        }
        var sent: [UInt8] = []
        for _ in 0..<200 {
            let sizes = [0, 1, 3, 100, 5000, 16_384, 40_000]
            let piece = pattern(sizes.randomElement(using: &generator) ?? 0, seed: generator.next())
            sent += piece
            if Bool.random(using: &generator) {
                pair.server.send(stream, piece.span)
            } else {
                pair.server.send(stream, referencing: Tail(piece))
            }
            if Int.random(in: 0..<4, using: &generator) == 0 { try pair.run() }
        }
        pair.server.finish(stream, trailers: Fields.trailers)
        pair.client.endBody(stream)
        try pair.run()
        #expect(pair.clientBody(stream) == sent)
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("a body that runs low says so once, and again after it was filled")
    func bodyLow() throws {
        var options = SessionOptions()
        options.bodyLowWaterBytes = 10_000
        var pair = SessionPair(server: options)
        let stream = pair.client.open(headers: Fields.request, endOfStream: true)
        let total = 500_000
        var sent = 0
        let piece = pattern(50_000)
        var lows = 0
        try pair.run { server, seen in
            switch seen {
            case .headers(let stream, _, _): server.startResponse(stream, headers: Fields.ok)
            case .bodyLow:
                lows += 1
                #expect(server.pendingBytes(stream ?? StreamRef(id: 0, slot: 0)) < 10_000)
            case .data, .end, .trailers, .headersTooLarge, .reset, .closed, .goAway, .settings,
                .settingsAcknowledged, .ping:
                return
            }
            guard let stream = seen.stream else { return }
            if sent == total {
                server.finish(stream, trailers: Fields.trailers)
            } else {
                server.send(stream, piece.span)
                sent += piece.count
            }
        }
        #expect(lows == 10)
        #expect(pair.clientBody(stream).count == total)
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("trailers follow at once when the body is gone, without waiting for window")
    func trailersNeedNoWindow() throws {
        var options = SessionOptions()
        options.initialWindowBytes = 1000
        var pair = SessionPair(client: options)
        pair.clientConsumes = false
        let body = pattern(1000)
        let stream = pair.client.open(headers: Fields.request, endOfStream: true)
        try pair.run { server, seen in
            guard case .headers(let stream, _, _) = seen else { return }
            server.startResponse(stream, headers: Fields.ok)
            server.send(stream, body.span)
        }
        guard let stream else { return }
        #expect(pair.clientBody(stream) == body)
        pair.server.finish(stream, trailers: Fields.trailers)
        try pair.run()
        #expect(pair.clientSaw.contains(.trailers(stream, Fields.trailersText)))
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("an end that comes while a frame waits for room in the output still brings trailers")
    func finishWhileFrameWaits() throws {
        var options = SessionOptions()
        options.initialWindowBytes = 1000
        var pair = SessionPair(client: options)
        pair.clientConsumes = false
        let first = pair.client.open(headers: Fields.request, endOfStream: true)
        let second = pair.client.open(headers: Fields.request, endOfStream: true)
        _ = try pair.clientToServer { server, seen in
            guard case .headers(let stream, _, _) = seen else { return }
            server.startResponse(stream, headers: Fields.ok)
            server.send(stream, pattern(1000).span)
        }
        guard let first, let second else { return }
        // One piece a drain: sooner or later a frame was made and met a full output.
        pair.isStingy = true
        for _ in 0..<6 {
            let bytes = try pair.serverOutput()
            try pair.clientReceive(bytes)
        }
        pair.server.finish(first, trailers: Fields.trailers)
        pair.server.finish(second, trailers: Fields.trailers)
        try pair.run()
        #expect(pair.clientSaw.contains(.trailers(first, Fields.trailersText)))
        #expect(pair.clientSaw.contains(.trailers(second, Fields.trailersText)))
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("an answer that is cut lets go of its body, and its trailers need no window")
    func cut() throws {
        var options = SessionOptions()
        options.initialWindowBytes = 1_000
        var pair = SessionPair(client: options)
        pair.clientConsumes = false
        let opened = pair.client.open(headers: Fields.request, body: [1].span, endOfStream: true)
        let stream = try #require(opened)
        let tail = Tail(pattern(50_000))
        try pair.run { server, seen in
            guard seen.isEnd, let stream = seen.stream else { return }
            server.startResponse(stream, headers: Fields.ok)
            server.send(stream, pattern(100_000).span)
            server.send(stream, referencing: tail)
        }
        #expect(pair.clientBody(stream).count == 1_000)
        let waiting = pair.server.pendingBodyBytes
        #expect(waiting == 149_000)
        pair.server.dropBody(stream)
        let left = pair.server.pendingBodyBytes
        let leftReferenced = pair.server.pendingReferencedBytes
        #expect(left == 0)
        #expect(leftReferenced == 0)
        pair.server.finish(stream, trailers: Fields.trailers)
        try pair.run()
        #expect(pair.clientBody(stream).count == 1_000)
        #expect(pair.clientSaw(stream).contains(.trailers(stream, Fields.trailersText)))
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("a plain answer can end with its body")
    func endBody() throws {
        var pair = SessionPair()
        let stream = pair.client.open(headers: Fields.request, endOfStream: true)
        try pair.run { server, seen in
            guard seen.isEnd, let stream = seen.stream else { return }
            server.startResponse(stream, headers: Fields.ok)
            server.send(stream, Array("SERVING".utf8).span)
            server.endBody(stream)
        }
        guard let stream else { return }
        #expect(pair.clientBody(stream) == Array("SERVING".utf8))
        #expect(pair.clientSaw.contains { $0.isEnd })
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("a long download lets later calls on the connection through")
    func fairness() throws {
        var pair = SessionPair()
        pair.clientConsumes = true
        let long = pair.client.open(headers: Fields.request, endOfStream: true)
        try pair.run { server, seen in
            guard case .headers(let stream, _, _) = seen else { return }
            server.startResponse(stream, headers: Fields.ok)
        }
        guard let long else { return }
        pair.server.send(long, referencing: Tail(pattern(1_000_000)))
        let short = pair.client.open(headers: Fields.request, endOfStream: true)
        _ = try pair.clientToServer { server, seen in
            guard case .headers(let stream, _, _) = seen else { return }
            server.respond(
                stream, headers: Fields.ok, body: pattern(20_000).span, trailers: Fields.trailers)
        }
        _ = try pair.serverToClient()
        let order = pair.clientSaw.compactMap(\.stream)
        let shortEnd = order.lastIndex { $0 == short }
        let longEnd = order.lastIndex { $0 == long }
        #expect((shortEnd ?? .max) + 20 < (longEnd ?? 0))
        pair.server.finish(long, trailers: Fields.trailers)
        try pair.run()
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("a request may end with trailers", arguments: [1, .max])
    func requestTrailers(chunkBytes: Int) throws {
        var pair = SessionPair(chunkBytes: chunkBytes)
        let stream = pair.client.open(
            headers: Fields.request, body: [1, 2, 3].span, endOfStream: false)
        guard let stream else { return }
        pair.client.finish(stream, trailers: HeaderBlock([("x-note", "done")]))
        try pair.run { server, seen in
            guard seen.isEnd, let stream = seen.stream else { return }
            server.respond(stream, headers: Fields.ok, body: [1].span, trailers: Fields.trailers)
        }
        #expect(pair.serverSaw.contains(.trailers(stream, ["x-note: done"])))
        #expect(pair.serverBody(stream) == [1, 2, 3])
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }
}
