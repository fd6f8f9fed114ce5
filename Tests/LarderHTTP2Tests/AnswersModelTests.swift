import LarderHTTP2
import Testing

/// Answers that are written past nghttp2, held against nghttp2's own.
@Suite("Answers written past nghttp2, and by it")
struct AnswersModelTests {
    @Test("are the same bytes, whatever window there is", arguments: 1...20 as ClosedRange<UInt64>)
    func sameBytes(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var options = SessionOptions()
        options.connectionWindowBytes =
            [65_535, 65_535, 1 << 20].randomElement(using: &generator) ?? 0
        options.initialWindowBytes = [9_000, 65_535, 1 << 20].randomElement(using: &generator) ?? 0
        var past = SessionPair(client: options)
        var through = SessionPair(client: options)
        past.clientConsumes = false
        through.clientConsumes = false
        past.isStingy = Bool.random(using: &generator)
        through.isStingy = past.isStingy
        for _ in 0..<30 {
            let copied = pattern(Int.random(in: 0...3_000, using: &generator))
            let referenced = pattern(
                [0, 0, 1, 1_500, 16_000, 40_000].randomElement(using: &generator) ?? 0)
            let chunkBytes = [13, 100, 1_000, .max].randomElement(using: &generator) ?? 1
            past.chunkBytes = chunkBytes
            through.chunkBytes = chunkBytes
            let one = past.client.open(headers: Fields.request, endOfStream: true)
            let other = through.client.open(headers: Fields.request, endOfStream: true)
            #expect(one == other)
            guard let one else { return }
            // A body needs no more updates than it has bytes; most need few.
            for _ in 0..<1_000 {
                let pastBytes = try Self.exchange(
                    &past, Fields.ok, Fields.trailers, copied, referenced)
                let throughBytes = try Self.exchange(
                    &through, Fields.passingOk, Fields.passingTrailers, copied, referenced)
                let isSame = pastBytes == throughBytes
                try #require(isSame)
                if past.client.openStreamCount == 0 { break }
                let step = Int.random(in: 1...20_000, using: &generator)
                past.client.consume(one, step)
                through.client.consume(one, step)
            }
            let isWhole = past.clientBody(one) == copied + referenced
            try #require(isWhole)
            past.client.consume(one, .max)
            through.client.consume(one, .max)
            past.clientSaw.removeAll()
            past.serverSaw.removeAll()
        }
        let isQuiet = past.isQuiet && through.isQuiet
        #expect(isQuiet)
    }

    /// Carries what the client has to say to the server, and what that answers back.
    private static func exchange(
        _ pair: inout SessionPair, _ headers: HeaderBlock, _ trailers: HeaderBlock,
        _ copied: [UInt8], _ referenced: [UInt8]
    ) throws -> [UInt8] {
        _ = try pair.clientToServer { server, event in
            guard event.isEnd, let stream = event.stream else { return }
            server.respond(
                stream, headers: headers, body: copied.span,
                tail: referenced.isEmpty ? nil : Tail(referenced), trailers: trailers)
        }
        var bytes: [UInt8] = []
        while pair.server.wantsWrite { bytes += try pair.serverOutput() }
        pair.takeServerEvents([])
        try pair.clientReceive(bytes)
        return bytes
    }

    @Test(
        "share one window with bodies that stream, and none overruns it or is lost",
        arguments: 1...20 as ClosedRange<UInt64>)
    func sharedWindow(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var options = SessionOptions()
        options.initialWindowBytes = [5_000, 65_535].randomElement(using: &generator) ?? 0
        options.connectionWindowBytes = 65_535
        var pair = SessionPair(
            chunkBytes: [41, 700, .max].randomElement(using: &generator) ?? 1, client: options)
        pair.clientConsumes = false
        pair.isStingy = Bool.random(using: &generator)
        var opened: [StreamRef] = []
        var expected: [StreamRef: [UInt8]] = [:]
        for round in 0..<60 {
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                let stream = pair.client.open(headers: Fields.request, endOfStream: true)
                if let stream { opened.append(stream) }
            }
            let count = [1, 100, 4_000, 12_000].randomElement(using: &generator) ?? 1
            let body = pattern(count, seed: UInt64(round))
            let streams = Int.random(in: 0...2, using: &generator) == 0
            _ = try pair.clientToServer { server, event in
                guard event.isEnd, let stream = event.stream else { return }
                expected[stream] = body
                guard streams else {
                    return server.respond(
                        stream, headers: Fields.ok, body: body.span, trailers: Fields.trailers)
                }
                server.startResponse(stream, headers: Fields.ok)
                server.send(stream, body.span)
                server.finish(stream, trailers: Fields.trailers)
            }
            _ = try pair.serverToClient()
            for stream in opened where Int.random(in: 0...3, using: &generator) == 0 {
                pair.client.consume(stream, Int.random(in: 0...3_000, using: &generator))
            }
        }
        pair.clientConsumes = true
        for stream in opened { pair.client.consume(stream, .max) }
        let last = pattern(10)
        try pair.run { server, event in
            guard event.isEnd, let stream = event.stream else { return }
            expected[stream] = last
            server.respond(
                stream, headers: Fields.ok, body: last.span, trailers: Fields.trailers)
        }
        #expect(pair.client.terminationCode == nil)
        var received: [StreamRef: [UInt8]] = [:]
        for case .data(let stream, let bytes, _) in pair.clientSaw {
            received[stream, default: []] += bytes
        }
        #expect(expected.count == opened.count)
        for (stream, body) in expected {
            let isWhole = received[stream] == body
            #expect(isWhole, "stream \(stream.id)")
        }
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("a value by reference is let go of when the output has it, and counted until then")
    func references() throws {
        var pair = SessionPair()
        var tail: Tail?
        for round in 0..<4 {
            _ = pair.client.open(headers: Fields.request, endOfStream: true)
            let value = Tail(pattern(4_096))
            let seen = WeakTail(value)
            tail = value
            _ = try pair.clientToServer { server, event in
                guard event.isEnd, let stream = event.stream, let given = tail else { return }
                server.respond(
                    stream, headers: Fields.ok, body: [1, 2, 3].span, tail: given,
                    trailers: Fields.trailers)
            }
            tail = nil
            _ = consume value
            #expect(pair.server.pendingBodyBytes == 4_099)
            #expect(pair.server.pendingReferencedBytes == 4_096)
            #expect(seen.tail != nil, "round \(round)")
            try pair.run()
            #expect(seen.tail == nil)
            #expect(pair.server.pendingReferencedBytes == 0)
        }
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }
}
