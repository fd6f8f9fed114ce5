import LarderHTTP2
import Testing

@Suite("Hostile input")
struct HostileInputTests {
    /// A conversation worth damaging: what a client sends while it is answered.
    private func conversation() throws -> [UInt8] {
        var pair = SessionPair()
        for index in 0..<6 {
            let stream = pair.client.open(
                headers: Fields.request, body: pattern(index * 40).span, endOfStream: index % 2 == 0
            )
            guard let stream else { break }
            if index == 1 { pair.client.finish(stream, trailers: HeaderBlock([("x-end", "1")])) }
            if index == 3 {
                try pair.run(answer)
                pair.client.reset(stream, code: 8)
            }
            if index == 5 { pair.client.endBody(stream) }
            try pair.run(answer)
        }
        pair.client.ping(opaque: 7)
        try pair.run(answer)
        return pair.recorded
    }

    private func answer(_ server: inout ServerSession, _ seen: Seen) {
        guard seen.isEnd, let stream = seen.stream else { return }
        server.respond(
            stream, headers: Fields.ok, body: [1, 2].span, tail: Tail(pattern(300)),
            trailers: Fields.trailers)
    }

    /// Feeds `bytes` in pieces, answering as a server would, until they end or the session does.
    private func feed(_ bytes: [UInt8], chunkBytes: Int) {
        var pair = SessionPair(chunkBytes: chunkBytes)
        do {
            try pair.serverReceive(bytes, answer)
            while try !pair.serverOutput().isEmpty { pair.takeServerEvents([], answer) }
        } catch {
            // A typed error is one of the two right answers; the other is to go on.
            #expect(error is HTTP2Error)
        }
        pair.takeServerEvents([], answer)
        let pending = pair.server.pendingBodyBytes
        #expect(pending >= 0)
        let (open, used) = (pair.server.openStreamCount, pair.server.usedSlotCount)
        #expect(open == used)
    }

    @Test("the conversation to be damaged is a good one")
    func undamaged() throws {
        let bytes = try conversation()
        var pair = SessionPair()
        try pair.serverReceive(bytes, answer)
        let counters = pair.server.counters
        #expect(counters.streamsOpened == 6)
        #expect(counters.invalidReceived == 0)
    }

    @Test("random bytes end in an error or in silence, never in a trap", arguments: 0..<20)
    func randomBytes(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let count = Int.random(in: 0..<400, using: &generator)
            var bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            if !Bool.random(using: &generator) {
                bytes = RawFrame.preface + RawFrame.settings + bytes
            }
            feed(bytes, chunkBytes: Int.random(in: 1..<500, using: &generator))
        }
    }

    @Test("random frames of every type end in an error or are put up with", arguments: 0..<20)
    func randomFrames(seed: UInt64) {
        var generator = SeededGenerator(seed: seed &+ 1000)
        for _ in 0..<50 {
            var bytes = RawFrame.preface + RawFrame.settings
            for _ in 0..<Int.random(in: 1..<30, using: &generator) {
                let isRequest = Int.random(in: 0..<4, using: &generator) == 0
                let payload =
                    isRequest
                    ? RawFrame.requestBlock
                    : (0..<Int.random(in: 0..<20, using: &generator)).map { _ in
                        UInt8(truncatingIfNeeded: generator.next())
                    }
                bytes += RawFrame.frame(
                    type: isRequest ? 1 : UInt8.random(in: 0..<12, using: &generator),
                    flags: isRequest ? 4 : UInt8(truncatingIfNeeded: generator.next()),
                    stream: UInt32.random(in: 0..<12, using: &generator), payload: payload)
            }
            feed(bytes, chunkBytes: Int.random(in: 1..<200, using: &generator))
        }
    }

    @Test("flipped bits in a good conversation do no harm", arguments: 0..<20)
    func bitFlips(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed &+ 2000)
        let good = try conversation()
        for _ in 0..<50 {
            var bytes = good
            for _ in 0..<Int.random(in: 1..<6, using: &generator) {
                let index = Int.random(in: 24..<bytes.count, using: &generator)
                bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            }
            feed(bytes, chunkBytes: Int.random(in: 1..<2000, using: &generator))
        }
    }

    @Test("pieces cut out of a good conversation do no harm", arguments: 0..<10)
    func cuts(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed &+ 3000)
        let good = try conversation()
        for _ in 0..<50 {
            var bytes = good
            let start = Int.random(in: 24..<bytes.count, using: &generator)
            let count = Int.random(in: 1..<60, using: &generator)
            bytes.removeSubrange(start..<min(start + count, bytes.count))
            feed(bytes, chunkBytes: Int.random(in: 1..<2000, using: &generator))
        }
    }

    @Test("a hostile server does a client no harm either", arguments: 0..<10)
    func hostileServer(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed &+ 4000)
        for _ in 0..<50 {
            var pair = SessionPair()
            let stream = pair.client.open(
                headers: Fields.request, body: [1].span, endOfStream: false)
            _ = try pair.clientToServer(answer)
            if let stream { pair.client.endBody(stream) }
            _ = try pair.clientToServer(answer)
            var bytes = try pair.serverOutput()
            for _ in 0..<Int.random(in: 1..<6, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[index] = UInt8(truncatingIfNeeded: generator.next())
            }
            do {
                try pair.clientReceive(bytes)
                _ = try pair.clientOutput()
            } catch {
                #expect(error is HTTP2Error)
            }
        }
    }
}
