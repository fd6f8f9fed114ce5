import LarderHTTP2
import Testing

@Suite("Sessions at rest")
struct RestTests {
    private func answer(_ server: inout ServerSession, _ seen: Seen) {
        guard seen.isEnd, let stream = seen.stream else { return }
        server.respond(
            stream, headers: Fields.ok, body: pattern(100).span, trailers: Fields.trailers)
    }

    @Test("what is kept for more calls is let go, and more calls are answered all the same")
    func rest() throws {
        var pair = SessionPair()
        for _ in 0..<5 {
            for _ in 0..<40 {
                _ = pair.client.open(headers: Fields.request, body: [1].span, endOfStream: true)
            }
            pair.serverSaw = []
            try pair.run(answer)
            let isResting = pair.server.rest()
            #expect(isResting)
            let again = pair.server.rest()
            #expect(again)
            let ended = pair.serverSaw.count { $0.isEnd }
            #expect(ended == 40)
        }
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("places behind the last open stream are let go, and the streams before them go on")
    func trim() throws {
        var pair = SessionPair()
        let streams = (0..<100).compactMap { _ in
            pair.client.open(headers: Fields.request, endOfStream: false)
        }
        try pair.run(answer)
        #expect(streams.count == 100)
        let places = pair.server.slotCount
        #expect(places >= 100)
        pair.server.trimSlots()
        let kept = pair.server.slotCount
        #expect(kept >= 100)
        for stream in streams.dropFirst(10) { pair.client.reset(stream, code: 8) }
        try pair.run(answer)
        pair.server.trimSlots()
        let left = pair.server.slotCount
        #expect(left >= 10 && left < 32)
        for stream in streams.prefix(10) { pair.client.endBody(stream) }
        for _ in 0..<100 {
            _ = pair.client.open(headers: Fields.request, body: [1].span, endOfStream: true)
        }
        try pair.run(answer)
        let ended = pair.serverSaw.count { $0.isEnd }
        #expect(ended == 110)
        pair.server.trimSlots()
        let none = pair.server.slotCount
        #expect(none == 0)
    }

    @Test(
        "a session with an open stream, a list that is coming in, or frames to send does not rest")
    func busy() throws {
        var pair = SessionPair()
        let early = pair.server.rest()
        #expect(!early)
        try pair.run()
        let opened = pair.client.open(headers: Fields.request, endOfStream: false)
        let stream = try #require(opened)
        try pair.run(answer)
        let open = pair.server.rest()
        #expect(!open)
        pair.client.endBody(stream)
        try pair.run(answer)
        let closed = pair.server.rest()
        #expect(closed)
        // HEADERS without END_HEADERS.
        try pair.serverReceive(RawFrame.frame(type: 1, flags: 0, stream: 3, payload: [0x83]))
        let listed = pair.server.rest()
        #expect(!listed)
    }

    @Test("a control frame that has come in part is seen, DATA and whole frames are not one")
    func insideFrame() throws {
        var pair = SessionPair()
        try pair.serverReceive(RawFrame.preface + RawFrame.settings)
        for (bytes, expected) in [
            (
                [UInt8](
                    RawFrame.frame(type: 6, flags: 0, stream: 0, payload: [1, 2, 3, 4, 5, 6, 7, 8])),
                false
            ),
            ([0, 0], true), ([8, 6, 0, 0, 0, 0, 0], true), ([1, 2, 3, 4], true),
            ([5, 6, 7, 8], false),
            (RawFrame.headers(stream: 1), false),
            ([0, 0, 4, 0, 0, 0, 0, 0, 1, 7], false), ([7, 7, 7], false),
        ] {
            try pair.serverReceive(bytes)
            let isInside = pair.server.isInsideControlFrame
            #expect(isInside == expected)
        }
    }
}
