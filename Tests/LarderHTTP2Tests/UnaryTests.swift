import LarderHTTP2
import Testing

@Suite("One request, one answer")
struct UnaryTests {
    @Test("a request with a body is answered in headers, data and trailers, however reads are torn",
        arguments: [1, 2, 7, 9, 64, .max])
    func answer(chunkBytes: Int) throws {
        var pair = SessionPair(chunkBytes: chunkBytes)
        let request = pattern(23)
        let response = pattern(110, seed: 2)
        let stream = pair.client.open(
            headers: Fields.request, body: request.span, endOfStream: true)
        try pair.run { server, seen in
            guard seen.isEnd, let stream = seen.stream else { return }
            server.respond(
                stream, headers: Fields.ok, body: response.span, trailers: Fields.trailers)
        }
        #expect(stream != nil)
        #expect(pair.serverBody(stream) == request)
        #expect(pair.clientBody(stream) == response)
        guard let stream else { return }
        #expect(pair.clientSaw.contains(.headers(stream, Fields.okText, end: false)))
        #expect(pair.clientSaw.contains(.trailers(stream, Fields.trailersText)))
        #expect(pair.clientSaw.last { $0.stream == stream } == .closed(stream, 0))
        #expect(pair.serverSaw.last { $0.stream == stream } == .closed(stream, 0))
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("an end of stream that comes in the same read is carried by the last data event")
    func foldedEnd() throws {
        var pair = SessionPair()
        let body = pattern(40_000)
        let stream = pair.client.open(headers: Fields.request, body: body.span, endOfStream: false)
        if let stream { pair.client.endBody(stream) }
        try pair.run()
        let ends = pair.serverSaw.filter(\.isEnd)
        #expect(ends.count == 1)
        let bare = pair.serverSaw.filter { if case .end = $0 { true } else { false } }
        #expect(bare.isEmpty)
        #expect(pair.serverBody(stream) == body)
    }

    @Test("an end of stream that comes in a later read is an event of its own")
    func laterEnd() throws {
        var pair = SessionPair()
        let stream = pair.client.open(
            headers: Fields.request, body: [1, 2, 3].span, endOfStream: false)
        try pair.run()
        guard let stream else { return }
        pair.client.endBody(stream)
        try pair.run()
        let seen = pair.serverSaw(stream)
        #expect(seen.suffix(2) == [.data(stream, [1, 2, 3], end: false), .end(stream)])
    }

    @Test("an answer of headers alone ends the stream", arguments: [1, .max])
    func headersOnly(chunkBytes: Int) throws {
        var pair = SessionPair(chunkBytes: chunkBytes)
        let stream = pair.client.open(headers: Fields.request, endOfStream: true)
        try pair.run { server, seen in
            guard seen.isEnd, let stream = seen.stream else { return }
            server.respondHeadersOnly(stream, headers: Fields.failure)
        }
        guard let stream else { return }
        let expected = Fields.okText + ["grpc-status: 12"]
        #expect(pair.clientSaw.contains(.headers(stream, expected, end: true)))
        #expect(pair.clientSaw.last { $0.stream == stream } == .closed(stream, 0))
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("an answer without body has headers and trailers, also when the peer gives no window")
    func emptyAnswer() throws {
        var options = SessionOptions()
        options.initialWindowBytes = 0
        var pair = SessionPair(client: options)
        let stream = pair.client.open(headers: Fields.request, endOfStream: true)
        try pair.run { server, seen in
            guard seen.isEnd, let stream = seen.stream else { return }
            server.respond(stream, headers: Fields.ok, body: Span(), trailers: Fields.trailers)
        }
        guard let stream else { return }
        #expect(
            pair.clientSaw(stream) == [
                .headers(stream, Fields.okText, end: false),
                .trailers(stream, Fields.trailersText), .closed(stream, 0),
            ])
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("a body and a tail by reference arrive as one, also when the output is always full",
        arguments: [(0, 100), (10, 0), (23, 16_384), (5, 1_000_000), (70_000, 70_000)], [false, true])
    func tail(sizes: (copied: Int, referenced: Int), isStingy: Bool) throws {
        var pair = SessionPair()
        pair.isStingy = isStingy
        let head = pattern(sizes.copied)
        let value = pattern(sizes.referenced, seed: 3)
        let stream = pair.client.open(headers: Fields.request, endOfStream: true)
        try pair.run { server, seen in
            guard seen.isEnd, let stream = seen.stream else { return }
            server.respond(
                stream, headers: Fields.ok, body: head.span, tail: Tail(value),
                trailers: Fields.trailers)
        }
        #expect(pair.clientBody(stream) == head + value)
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("a referenced tail reaches the output uncopied, with its owner")
    func ownerTravels() throws {
        var pair = SessionPair()
        let tail = Tail(pattern(50_000))
        _ = pair.client.open(headers: Fields.request, endOfStream: true)
        try pair.run { server, seen in
            guard seen.isEnd, let stream = seen.stream else { return }
            server.respond(
                stream, headers: Fields.ok, body: [1].span, tail: tail, trailers: Fields.trailers)
            var owned = 0
            #expect(throws: Never.self) {
                try server.drain { bytes, owner in
                    if owner === tail { owned += bytes.count }
                    return true
                }
            }
            #expect(owned == 50_000)
        }
    }

    @Test("many calls in one read are all answered, and slots are used again")
    func manyCalls() throws {
        var pair = SessionPair()
        for round in 0..<20 {
            for index in 0..<100 {
                let body = pattern(index, seed: UInt64(round))
                _ = pair.client.open(headers: Fields.request, body: body.span, endOfStream: true)
            }
            try pair.run { server, seen in
                guard seen.isEnd, let stream = seen.stream else { return }
                server.respond(
                    stream, headers: Fields.ok, body: [7].span, trailers: Fields.trailers)
            }
        }
        let closed = pair.clientSaw.filter { if case .closed(_, 0) = $0 { true } else { false } }
        #expect(closed.count == 2000)
        #expect(pair.serverSaw.compactMap(\.stream?.slot).max() ?? 0 < 100)
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("what is asked of a stream that is gone is ignored")
    func staleReference() throws {
        var pair = SessionPair()
        let first = pair.client.open(headers: Fields.request, endOfStream: true)
        try pair.run { server, seen in
            guard seen.isEnd, let stream = seen.stream else { return }
            server.respond(stream, headers: Fields.ok, body: [1].span, trailers: Fields.trailers)
        }
        guard let first else { return }
        let second = pair.client.open(headers: Fields.request, endOfStream: true)
        #expect(second?.slot == first.slot)
        pair.server.respond(first, headers: Fields.ok, body: [2].span, trailers: Fields.trailers)
        pair.server.startResponse(first, headers: Fields.ok)
        pair.server.send(first, [1].span)
        pair.server.finish(first, trailers: Fields.trailers)
        pair.server.endBody(first)
        pair.server.reset(first, code: 8)
        pair.server.consume(first, 10_000)
        pair.server.reset(StreamRef(id: 1, slot: 99_999), code: 8)
        pair.server.reset(StreamRef(id: -1, slot: -1), code: 8)
        #expect(pair.server.pendingBytes(first) == 0)
        pair.client.reset(first, code: 8)
        try pair.run { server, seen in
            guard seen.isEnd, let stream = seen.stream else { return }
            server.respond(stream, headers: Fields.ok, body: [3].span, trailers: Fields.trailers)
            server.respond(stream, headers: Fields.ok, body: [4].span, trailers: Fields.trailers)
        }
        #expect(pair.clientBody(second) == [3])
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }
}
