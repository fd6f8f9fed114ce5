import LarderHTTP2
import Testing

@Suite("Requests that go past nghttp2")
struct UnheardTests {
    /// A server that knows the header list of `RawFrame.headers`, and whose answers go out past
    /// nghttp2: streams 1 to 5 are over.
    private static func warm(_ options: SessionOptions = SessionOptions()) throws -> SessionPair {
        var pair = SessionPair(server: options)
        try pair.serverReceive(RawFrame.preface + RawFrame.settings)
        for id in stride(from: UInt32(1), through: 5, by: 2) { _ = try say(request(id), &pair) }
        return pair
    }

    private static func request(_ id: UInt32, bytes: Int = 10) -> [UInt8] {
        RawFrame.headers(stream: id)
            + RawFrame.data(stream: id, pattern(bytes), endStream: true)
    }

    /// What the server says to `bytes`, answering all requests.
    private static func say(_ bytes: [UInt8], _ pair: inout SessionPair) throws -> [UInt8] {
        try pair.serverReceive(bytes) { server, seen in
            guard seen.isEnd, let stream = seen.stream else { return }
            server.respond(
                stream, headers: Fields.ok, body: pattern(20).span, trailers: Fields.trailers)
        }
        let output = try pair.serverOutput()
        pair.takeServerEvents([])
        return output
    }

    @Test("are those whose headers are known and whose body is one frame of the same read")
    func which() throws {
        var pair = try Self.warm()
        let before = pair.server.passedCount
        _ = try Self.say(Self.request(7) + Self.request(9), &pair)
        #expect(pair.server.passedCount == before + 2)
        let unknown = RawFrame.requestBlock + RawFrame.literal("n", "v")
        _ = try Self.say(
            RawFrame.headers(stream: 11, block: unknown)
                + RawFrame.data(stream: 11, [1], endStream: true), &pair)
        _ = try Self.say(RawFrame.headers(stream: 13, endStream: true), &pair)
        #expect(pair.server.passedCount == before + 2)
        let isQuiet = pair.server.openStreamCount == 0 && pair.server.usedSlotCount == 0
        #expect(isQuiet)
    }

    @Test("end in GOAWAY as the last stream that was served")
    func goAway() throws {
        var pair = try Self.warm()
        _ = try Self.say(Self.request(7) + Self.request(9), &pair)
        pair.server.submitGoAway(code: 0)
        let goAway = try pair.serverOutput()
        let expected = RawFrame.frame(
            type: 7, flags: 0, stream: 0, payload: RawFrame.bigEndian(9) + RawFrame.bigEndian(0))
        #expect(goAway == expected)
        // What comes after it is nobody's.
        let served = pair.serverSaw.count
        let answer = try Self.say(Self.request(11), &pair)
        #expect(answer == [])
        #expect(pair.serverSaw.count == served)
    }

    @Test("count in what is said to a peer that must be left")
    func failure() throws {
        var pair = try Self.warm()
        _ = try Self.say(Self.request(7), &pair)
        let goAway = pair.server.goAway(after: .callbackFailed)
        #expect(Array(goAway[9..<13]) == RawFrame.bigEndian(7))
    }

    @Test("get their window back", arguments: [1 << 16, 1 << 20])
    func window(bytes: Int) throws {
        var options = SessionOptions()
        options.connectionWindowBytes = bytes
        var pair = try Self.warm(options)
        var given = 0
        var used = 0
        for round in 0..<500 {
            let output = try Self.say(
                Self.request(UInt32(7 + round * 2), bytes: 10_000), &pair)
            used += 10_000
            given += Self.windowGiven(output)
            // A client would have to wait if it had sent more than that.
            #expect(used - given < bytes)
        }
        #expect(given > used - bytes / 2)
    }

    private static func windowGiven(_ output: [UInt8]) -> Int {
        var given = 0
        var at = 0
        while at + 9 <= output.count {
            let bytes = output[at..<(at + 3)].reduce(0) { $0 << 8 | Int($1) }
            let isUpdate = output[at + 3] == 8
            if isUpdate, output[(at + 5)..<(at + 9)].allSatisfy({ $0 == 0 }) {
                given += output[(at + 9)..<(at + 13)].reduce(0) { $0 << 8 | Int($1) }
            }
            at += 9 + bytes
        }
        return given
    }

    @Test("may be reset and given window after they are over, however the frames are torn")
    func afterwards() throws {
        let frames = RawFrame.reset(stream: 7) + RawFrame.windowUpdate(5, stream: 9)
        for split in 0...frames.count {
            var pair = try Self.warm()
            _ = try Self.say(Self.request(7) + Self.request(9), &pair)
            for piece in [frames[..<split], frames[split...]] {
                _ = try Self.say(Array(piece), &pair)
            }
            let answer = try Self.say(Self.request(11), &pair)
            #expect(answer.count > 20, "torn at \(split)")
            #expect(pair.server.terminationCode == nil)
            #expect(pair.server.counters.resetsReceived == 1)
            #expect(pair.server.counters.windowUpdatesReceived == 1)
        }
    }

    @Test(
        "end the connection if the client goes on with one that it has ended",
        arguments: [
            (RawFrame.data(stream: 7, [1]), 5), (RawFrame.headers(stream: 7), 5),
            (RawFrame.headers(stream: 13), 5),
            (RawFrame.frame(type: 3, flags: 0, stream: 7, payload: [1]), 6),
            (RawFrame.frame(type: 8, flags: 0, stream: 7, payload: [0, 0, 1]), 6),
        ] as [([UInt8], UInt32)])
    func goingOn(frame: [UInt8], code: UInt32) throws {
        for split in 0..<frame.count {
            var pair = try Self.warm()
            // So many that nobody remembers the first one by itself; 13 never begins.
            let ids = [7, 9, 11] + stride(from: UInt32(15), to: 61, by: 2)
            _ = try Self.say(ids.flatMap { Self.request($0) }, &pair)
            for piece in [frame[..<split], frame[split...]] {
                _ = try Self.say(Array(piece), &pair)
            }
            #expect(pair.server.terminationCode == code, "torn at \(split)")
            let answer = try Self.say(Self.request(71), &pair)
            #expect(answer == [])
        }
    }
}
