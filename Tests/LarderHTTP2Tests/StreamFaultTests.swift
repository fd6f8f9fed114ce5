import LarderHTTP2
import Testing

@Suite("Faults that frame heads tell")
struct StreamFaultTests {
    private static let streamClosed: UInt32 = 5
    private static let protocolError: UInt32 = 1
    private static let flowControlError: UInt32 = 3

    @Test(
        "DATA or HEADERS where the client has said that no more would come end the connection",
        arguments: [0, 1, 2], [false, true])
    func afterTheEnd(ending: Int, isHeaders: Bool) throws {
        for chunkBytes in [1, 7, Int.max] {
            var pair = SessionPair(chunkBytes: chunkBytes)
            let more =
                isHeaders
                ? RawFrame.headers(stream: 1, endStream: true)
                : RawFrame.data(stream: 1, [1], endStream: true)
            try pair.serverReceive(
                RawFrame.preface + RawFrame.settings + Self.ended(1, ending), answered)
            _ = try pair.serverOutput()
            try pair.serverReceive(more, answered)
            _ = try pair.serverOutput()
            let code = pair.server.terminationCode
            #expect(code == Self.streamClosed)
        }
    }

    @Test("in one read as well", arguments: [0, 1, 2])
    func inOneRead(ending: Int) throws {
        var pair = SessionPair()
        try pair.serverReceive(
            RawFrame.preface + RawFrame.settings + Self.ended(1, ending)
                + RawFrame.data(stream: 1, [1]), answered)
        _ = try pair.serverOutput()
        let code = pair.server.terminationCode
        #expect(code == Self.streamClosed)
    }

    @Test("frames on their way to a stream that this side has ended are let pass")
    func onTheirWay() throws {
        var pair = SessionPair()
        try pair.serverReceive(
            RawFrame.preface + RawFrame.settings + RawFrame.headers(stream: 1), answeredEarly)
        _ = try pair.serverOutput()
        try pair.serverReceive(
            RawFrame.data(stream: 1, [1, 2, 3]) + RawFrame.data(stream: 1, [4], endStream: true))
        _ = try pair.serverOutput()
        let code = pair.server.terminationCode
        #expect(code == nil)
        pair.takeServerEvents([])
        let used = pair.server.usedSlotCount
        #expect(used == 0)
    }

    @Test("many streams may end and others go on")
    func manyStreams() throws {
        var pair = SessionPair()
        var bytes = RawFrame.preface + RawFrame.settings + RawFrame.headers(stream: 1)
        for id in stride(from: UInt32(3), to: 201, by: 2) {
            bytes += RawFrame.headers(stream: id, endStream: true)
            bytes += RawFrame.data(stream: 1, [UInt8(id)])
        }
        try pair.serverReceive(bytes + RawFrame.data(stream: 1, [], endStream: true), answered)
        _ = try pair.serverOutput()
        let code = pair.server.terminationCode
        #expect(code == nil)
        let opened = pair.server.counters.streamsOpened
        #expect(opened == 100)
    }

    @Test("PRIORITY of stream 0 ends the connection", arguments: [1, Int.max])
    func priority(chunkBytes: Int) throws {
        var pair = SessionPair(chunkBytes: chunkBytes)
        try pair.serverReceive(
            RawFrame.preface + RawFrame.settings
                + RawFrame.frame(type: 2, flags: 0, stream: 0, payload: [0, 0, 0, 1, 5]))
        _ = try pair.serverOutput()
        let code = pair.server.terminationCode
        #expect(code == Self.protocolError)
    }

    @Test("DATA beyond the window that was given ends its stream")
    func beyondTheWindow() throws {
        var options = SessionOptions()
        options.initialWindowBytes = 20_000
        var pair = SessionPair(server: options)
        pair.serverConsumes = false
        // The window binds once the client has acknowledged it.
        try pair.serverReceive(RawFrame.preface + RawFrame.settings)
        _ = try pair.serverOutput()
        try pair.serverReceive(
            RawFrame.frame(type: 4, flags: 1, stream: 0, payload: [])
                + RawFrame.headers(stream: 1) + RawFrame.data(stream: 1, pattern(16_000))
                + RawFrame.data(stream: 1, pattern(4_001)))
        _ = try pair.serverOutput()
        pair.takeServerEvents([])
        let ends = pair.serverSaw.compactMap { seen in
            if case .closed(_, let code) = seen { code } else { nil }
        }
        #expect(ends == [Self.flowControlError])
    }

    @Test("a session that has thrown still has a GOAWAY with its code and the last stream")
    func lastWords() throws {
        var pair = SessionPair()
        try? pair.serverReceive(Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
        let frame: [UInt8] = [0, 0, 8, 7, 0, 0, 0, 0, 0]
        let badPreface = pair.server.goAway(after: .badPreface)
        let flooded = pair.server.goAway(after: .flooded)
        let continued = pair.server.goAway(after: .tooManyContinuations)
        let outOfMemory = pair.server.goAway(after: .outOfMemory)
        #expect(badPreface == frame + [0, 0, 0, 0, 0, 0, 0, 1])
        #expect(flooded.last == 11)
        #expect(continued.last == 11)
        #expect(outOfMemory.last == 2)
    }

    // MARK: Support

    /// A request that is over on the client's side: with its headers, with a body, by a reset.
    private static func ended(_ stream: UInt32, _ ending: Int) -> [UInt8] {
        switch ending {
        case 0: RawFrame.headers(stream: stream, endStream: true)
        case 1:
            RawFrame.headers(stream: stream)
                + RawFrame.data(stream: stream, [], endStream: true)
        default: RawFrame.headers(stream: stream) + RawFrame.reset(stream: stream)
        }
    }

    private func answered(_ server: inout ServerSession, _ seen: Seen) {
        guard seen.isEnd, let stream = seen.stream else { return }
        server.respondHeadersOnly(stream, headers: Fields.failure)
    }

    private func answeredEarly(_ server: inout ServerSession, _ seen: Seen) {
        guard case .headers(let stream, _, _) = seen else { return }
        server.respondHeadersOnly(stream, headers: Fields.failure)
    }
}
