import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderServer
import LarderService
import Testing

@Suite("Connections and calls that stand still")
struct ConnectionTimesTests {
    private static let second: UInt64 = 1_000_000_000
    private let times = ConnectionTimes()

    /// Looks once a second for so many seconds; what the last look found.
    private func look(_ pair: CallPair, seconds: Int) -> Defence? {
        var defence: Defence?
        for _ in 0..<seconds {
            pair.nowNanos += Self.second
            defence = pair.calls.overdue(
                nowNanos: pair.nowNanos, openedAtNanos: CallPair.startNanos, times: times)
            _ = pair.calls.endStalled(nowNanos: pair.nowNanos, times: times)
        }
        return defence
    }

    @Test("a client that does not speak is given up after ten seconds, one that does is not")
    func handshake() throws {
        let silent = CallPair()
        #expect(look(silent, seconds: 10) == nil)
        #expect(look(silent, seconds: 1) == .handshakeTimeout)
        let speaking = CallPair()
        try speaking.run()
        #expect(look(speaking, seconds: 100) == nil)
    }

    @Test("a header list without an end is given up")
    func headerList() throws {
        let pair = CallPair()
        try pair.run()
        // HEADERS of stream 1 without END_HEADERS: `:method: POST`.
        try pair.serverReceives([0, 0, 1, 1, 0, 0, 0, 0, 1, 0x83])
        #expect(look(pair, seconds: 11) == nil)
        #expect(look(pair, seconds: 1) == .headerTimeout)
    }

    @Test("so is a control frame without an end, however its bytes dribble")
    func controlFrame() throws {
        let pair = CallPair()
        try pair.run()
        try pair.serverReceives([0, 0, 8, 6, 0])
        #expect(look(pair, seconds: 5) == nil)
        try pair.serverReceives([0, 0, 0, 0, 1, 2])
        #expect(look(pair, seconds: 20) == .headerTimeout)
    }

    @Test("a client that does not acknowledge our SETTINGS is told so and given up")
    func acknowledgement() throws {
        let pair = CallPair()
        try pair.serverReceives(RawFrame.preface + RawFrame.settings)
        _ = try pair.serverSends()
        #expect(look(pair, seconds: 11) == nil)
        #expect(look(pair, seconds: 1) == .settingsTimeout)
        _ = try pair.serverSends()
        let code = pair.calls.session.terminationCode
        #expect(code == GoAwayCode.settingsTimeout)
    }

    @Test("a request that does not come on ends its call, and so does one that only dribbles")
    func request() throws {
        let pair = CallPair()
        let bytes = framed(SetRequest(key: [1], value: .pattern(200_000)).encoded())
        let stalled = try pair.open("Set", bytes: Array(bytes.prefix(100)), isEnded: false)
        let empty = try pair.open("Get", isEnded: false)
        let dribbling = try pair.open("Set", bytes: Array(bytes.prefix(100)), isEnded: false)
        let slow = try pair.open("Set", bytes: Array(bytes.prefix(100)), isEnded: false)
        try pair.run()
        for index in 0..<3 {
            #expect(look(pair, seconds: 20) == nil)
            pair.send(dribbling, bytes: [bytes[100 + index]])
            pair.send(slow, bytes: Array(bytes[(100 + index * 31_000)..<(31_100 + index * 31_000)]))
            try pair.run()
        }
        #expect(pair.services.defences.value(.requestTimeout) == 3)
        for call in [stalled, empty, dribbling] {
            #expect(pair.status(call).code == .deadlineExceeded)
            #expect(pair.answer(call).errorInfo?.reason == "REQUEST_STALLED")
        }
        pair.send(slow, bytes: Array(bytes.dropFirst(93_100)), isEnded: true)
        try pair.run()
        #expect(pair.status(slow).isOK)
        #expect(pair.isQuiet)
    }

    @Test("a request that waits for room goes on when the one that held it is ended")
    func waiting() throws {
        var limits = Limits()
        limits.messageBytesMax = 1 << 20
        limits.uploadBytesMax = 1 << 20
        var server = SessionOptions()
        server.initialWindowBytes = 64 << 10
        let pair = CallPair(server: server, limits: limits)
        let bytes = framed(SetRequest(key: [1], value: .pattern(900 << 10)).encoded())
        let holder = try pair.open("Set", bytes: Array(bytes.dropLast()), isEnded: false)
        let waiter = try pair.open("Set", bytes: bytes)
        try pair.run()
        #expect(look(pair, seconds: 29) == nil)
        try pair.run()
        #expect(!pair.answer(waiter).isClosed)
        _ = look(pair, seconds: 5)
        try pair.run()
        #expect(pair.answer(holder).errorInfo?.reason == "REQUEST_STALLED")
        #expect(pair.status(waiter).isOK)
    }

    @Test("a load may rest between its messages, not inside one")
    func load() throws {
        let pair = CallPair()
        let load = try pair.open("BulkLoad", isEnded: false)
        pair.send(load, BulkLoadRequest(.start(BulkLoadStart(sessionID: "s"))))
        try pair.run()
        #expect(look(pair, seconds: 1_000) == nil)
        #expect(!pair.answer(load).isClosed)
        pair.send(load, bytes: [0, 0, 0])
        try pair.run()
        #expect(look(pair, seconds: 40) == nil)
        try pair.run()
        #expect(pair.answer(load).errorInfo?.reason == "REQUEST_STALLED")
    }

    @Test("a watch that waits for news stays")
    func watch() throws {
        let pair = CallPair()
        let watch = try pair.open(
            "/grpc.health.v1.Health/Watch", bytes: framed(HealthCheckRequest().encoded()))
        try pair.run()
        #expect(look(pair, seconds: 1_000) == nil)
        try pair.run()
        #expect(!pair.answer(watch).isClosed)
    }

    @Test("a reader that takes nothing of one answer is given up, one that takes some is not")
    func unread() throws {
        var client = SessionOptions()
        client.initialWindowBytes = 10_000
        let pair = CallPair(client: client)
        try pair.store("k", .pattern(500_000))
        pair.isReading = false
        let get = try pair.call("Get", GetRequest(key: Array("k".utf8)))
        try pair.run()
        for _ in 0..<4 {
            #expect(look(pair, seconds: 20) == nil)
            pair.client.consume(get, 10_000)
            try pair.run()
        }
        #expect(look(pair, seconds: 32) == .writeTimeout)
    }

    @Test("a reader that takes a byte of each answer now and then is given up, too")
    func dribblingReader() throws {
        var client = SessionOptions()
        client.initialWindowBytes = 10_000
        let pair = CallPair(client: client)
        try pair.store("k", .pattern(500_000))
        pair.isReading = false
        let get = try pair.call("Get", GetRequest(key: Array("k".utf8)))
        try pair.run()
        var found: Defence?
        for _ in 0..<10 where found == nil {
            found = look(pair, seconds: 5)
            pair.client.consume(get, 10)
            try pair.run()
        }
        #expect(found == .writeTimeout)
    }
}
