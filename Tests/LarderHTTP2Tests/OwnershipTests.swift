import LarderHTTP2
import Testing

@Suite("Cancelling, and who owns what")
struct OwnershipTests {
    /// A pair whose server has answered one request with a referenced tail that cannot be sent yet.
    private func stalled(_ seen: inout [WeakTail], copied: Int = 3) throws -> SessionPair {
        var options = SessionOptions()
        options.initialWindowBytes = 1000
        var pair = SessionPair(client: options)
        pair.clientConsumes = false
        _ = pair.client.open(headers: Fields.request, endOfStream: true)
        var made: [WeakTail] = []
        try pair.run { server, event in
            guard event.isEnd, let stream = event.stream else { return }
            let tail = Tail(pattern(100_000))
            made.append(WeakTail(tail))
            server.respond(
                stream, headers: Fields.ok, body: pattern(copied).span, tail: tail,
                trailers: Fields.trailers)
        }
        seen = made
        return pair
    }

    private let stream = StreamRef(id: 1, slot: 0)

    @Test("a tail is kept until its last byte went out, and not longer")
    func untilSent() throws {
        var tails: [WeakTail] = []
        var pair = try stalled(&tails)
        #expect(tails.count == 1)
        #expect(tails[0].tail != nil)
        pair.clientConsumes = true
        pair.client.consume(stream, 1000)
        try pair.run()
        #expect(tails[0].tail == nil)
        #expect(pair.clientBody(stream).count == 100_003)
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("a tail is let go when the peer cancels")
    func peerCancels() throws {
        var tails: [WeakTail] = []
        var pair = try stalled(&tails)
        pair.client.reset(stream, code: 8)
        try pair.run()
        #expect(tails[0].tail == nil)
        #expect(pair.serverSaw(stream).suffix(2) == [.reset(stream, 8), .closed(stream, 8)])
        #expect(pair.clientSaw(stream).last == .closed(stream, 8))
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("a tail is let go at once when this side resets")
    func thisSideResets() throws {
        var tails: [WeakTail] = []
        var pair = try stalled(&tails)
        pair.server.reset(stream, code: 2)
        #expect(tails[0].tail == nil)
        let pending = pair.server.pendingBodyBytes
        #expect(pending == 0)
        try pair.run()
        #expect(pair.clientSaw(stream).suffix(2) == [.reset(stream, 2), .closed(stream, 2)])
        #expect(pair.serverSaw(stream).last == .closed(stream, 2))
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("a reset while a frame waits for the output keeps the frame whole")
    func resetWhileFrameWaits() throws {
        for drains in 0..<12 {
            var pair = SessionPair()
            let first = pair.client.open(headers: Fields.request, endOfStream: true)
            let second = pair.client.open(headers: Fields.request, endOfStream: true)
            var tails: [WeakTail] = []
            _ = try pair.clientToServer { server, event in
                guard event.isEnd, let stream = event.stream else { return }
                let tail = Tail(pattern(40_000))
                tails.append(WeakTail(tail))
                server.respond(
                    stream, headers: Fields.ok, body: [1].span, tail: tail,
                    trailers: Fields.trailers)
            }
            guard let first, let second else { return }
            pair.isStingy = true
            var bytes: [UInt8] = []
            for _ in 0..<drains { bytes += try pair.serverOutput() }
            pair.server.reset(first, code: 8)
            while true {
                let more = try pair.serverOutput()
                if more.isEmpty { break }
                bytes += more
            }
            pair.takeServerEvents([])
            try pair.clientReceive(bytes)
            try pair.run()
            #expect(tails.count == 2)
            #expect(!tails.contains { $0.tail != nil })
            #expect(pair.clientBody(second) == [1] + pattern(40_000))
            let isQuiet = pair.isQuiet
            #expect(isQuiet)
        }
    }

    @Test("tails, sent or not, are let go when the session is dropped")
    func sessionDropped() throws {
        var tails: [WeakTail] = []
        do {
            let pair = try stalled(&tails)
            let open = pair.server.openStreamCount
            #expect(open == 1)
            #expect(tails[0].tail != nil)
        }
        #expect(tails[0].tail == nil)
    }

    @Test("a client's tails are let go when the call is cancelled before it was sent")
    func cancelledBeforeSent() throws {
        var pair = SessionPair()
        let stream = pair.client.open(headers: Fields.request, endOfStream: false)
        guard let stream else { return }
        var seen: WeakTail?
        do {
            let tail = Tail(pattern(1000))
            seen = WeakTail(tail)
            pair.client.send(stream, referencing: tail)
        }
        pair.client.reset(stream, code: 8)
        #expect(seen?.tail == nil)
        try pair.run()
        #expect(pair.clientSaw(stream) == [.closed(stream, 8)])
        #expect(pair.serverSaw.compactMap(\.stream).isEmpty)
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test(
        "cancelling in the midst of an upload leaves the connection usable", arguments: [1, .max])
    func cancelledUpload(chunkBytes: Int) throws {
        var pair = SessionPair(chunkBytes: chunkBytes)
        try pair.run()
        for _ in 0..<5 {
            let stream = pair.client.open(
                headers: Fields.request, body: pattern(3000).span, endOfStream: false)
            guard let stream else { return }
            _ = try pair.clientToServer()
            pair.client.reset(stream, code: 8)
            try pair.run()
            #expect(pair.serverSaw(stream).suffix(2) == [.reset(stream, 8), .closed(stream, 8)])
        }
        let stream = pair.client.open(headers: Fields.request, endOfStream: true)
        try pair.run { server, seen in
            guard seen.isEnd, let stream = seen.stream else { return }
            server.respond(stream, headers: Fields.ok, body: [9].span, trailers: Fields.trailers)
        }
        #expect(pair.clientBody(stream) == [9])
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }
}
