import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderServer
import LarderService
import Testing

@Suite("Defences against what peers send")
struct DefenceTests {
    private static let second: UInt64 = 1_000_000_000
    private let pair = CallPair()
    private var defences: DefenceCounters { pair.services.defences }

    private func begin() throws {
        try pair.serverReceives(
            RawFrame.preface + RawFrame.settings + RawFrame.settingsAcknowledgement)
        _ = try pair.serverSends()
    }

    /// Sends `count` pieces, a thousand in one read, and takes what the server says; stops when
    /// the session is over. Answers the last thing that it said.
    @discardableResult
    private func flood(_ count: Int, _ piece: (Int) -> [UInt8]) throws -> [UInt8] {
        var said: [UInt8] = []
        for start in stride(from: 0, to: count, by: 1_000) {
            let bytes = (start..<min(count, start + 1_000)).flatMap(piece)
            try pair.serverReceives(bytes)
            let (sent, _) = try pair.serverSends()
            if !sent.isEmpty { said = sent }
            if pair.isFinished { break }
        }
        return said
    }

    private func contains(_ bytes: [UInt8], _ word: String) -> Bool {
        String(decoding: bytes, as: UTF8.self).contains(word)
    }

    private func stream(_ index: Int) -> UInt32 { UInt32(index) * 2 + 1 }

    private var code: UInt32? { pair.calls.session.terminationCode }

    @Test("resets that follow what they reset are put up with in a burst, not in a flood")
    func rapidReset() throws {
        try begin()
        let attack: (Int) -> [UInt8] = { index in
            RawFrame.headers(stream: self.stream(index))
                + RawFrame.reset(stream: self.stream(index))
        }
        try flood(199, attack)
        #expect(!pair.isFinished)
        // Ten seconds earn as many again.
        pair.nowNanos += 10 * Self.second
        #expect(defences.value(.resetFlood) == 0)
        try flood(1_000) { attack($0 + 199) }
        #expect(pair.isFinished)
        #expect(defences.value(.resetFlood) == 1)
        let open = pair.calls.session.usedSlotCount
        #expect(open == 0)
    }

    @Test("streams that the peer makes us reset are counted as its own resets are")
    func madeYouReset() throws {
        try begin()
        // A window update over the stream's window: RST_STREAM(FLOW_CONTROL_ERROR), CVE-2025-8671.
        let attack: (Int) -> [UInt8] = { index in
            RawFrame.headers(stream: self.stream(index))
                + RawFrame.windowUpdate(stream: self.stream(index), 0x7FFF_FFFF)
        }
        try flood(200, attack)
        #expect(!pair.isFinished)
        #expect(defences.value(.provokedResets) == 0)
        let said = try flood(2_000) { attack($0 + 200) }
        #expect(defences.value(.provokedResets) == 1)
        #expect(code == GoAwayCode.enhanceYourCalm)
        #expect(contains(said, "too_many_stream_errors"))
        #expect(pair.isFinished)
    }

    @Test("answers before the end of their requests are no fault of the peer's")
    func earlyAnswers() throws {
        try begin()
        try flood(2_000) { RawFrame.headers(stream: self.stream($0), path: "/no.such/Method") }
        #expect(!pair.isFinished)
        let resets = pair.calls.session.counters.earlyAnswerResetsSent
        #expect(resets == 2_000)
    }

    /// What a frame that carries nothing forward may be.
    enum Idle: CaseIterable {
        case emptyData, paddedData, priority, windowUpdate, pingAnswer, unknown
        case priorityUpdate

        func frame(_ index: Int) -> [UInt8] {
            switch self {
            case .emptyData: RawFrame.data(stream: 1, [])
            case .paddedData: RawFrame.frame(type: 0, flags: 8, stream: 1, [3, 0, 0, 0])
            case .priority: RawFrame.frame(type: 2, stream: 1, [0, 0, 0, 0, 15])
            case .windowUpdate: RawFrame.windowUpdate(stream: 0, 1)
            case .pingAnswer: RawFrame.ping(isAcknowledgement: true)
            case .unknown: RawFrame.frame(type: 0xFA, stream: 0, [1])
            case .priorityUpdate: RawFrame.frame(type: 16, stream: 0, [0, 0, 0, 1])
            }
        }
    }

    @Test(
        "frames that do nothing are put up with in a burst, not in a flood",
        arguments: Idle.allCases)
    func idleFrames(_ idle: Idle) throws {
        try begin()
        try pair.serverReceives(RawFrame.headers(stream: 1))
        try flood(9_000, idle.frame)
        #expect(!pair.isFinished)
        pair.nowNanos += 10 * Self.second
        try flood(3_000, idle.frame)
        #expect(!pair.isFinished)
        #expect(defences.value(.frameFlood) == 0)
        let said = try flood(10_000, idle.frame)
        #expect(defences.value(.frameFlood) == 1)
        #expect(code == GoAwayCode.enhanceYourCalm)
        #expect(contains(said, "too_many_frames"))
        #expect(pair.isFinished)
    }

    @Test("SETTINGS, which may walk over every stream, cost more")
    func settings() throws {
        try begin()
        let attack: (Int) -> [UInt8] = { index in
            RawFrame.frame(type: 4, stream: 0, [0, 4, 0, UInt8(index % 2), 0, 0])
        }
        try flood(900, attack)
        #expect(!pair.isFinished)
        try flood(200, attack)
        #expect(defences.value(.frameFlood) == 1)
        #expect(pair.isFinished)
    }

    @Test("a busy client pays for its frames with its calls, however many there are")
    func busyClient() throws {
        try begin()
        let request = framed(GetRequest(key: [1]).encoded())
        try flood(5_000) { index in
            let stream = self.stream(index)
            return RawFrame.headers(stream: stream)
                + RawFrame.data(stream: stream, request, isEnded: true)
                + RawFrame.windowUpdate(stream: 0, 100) + RawFrame.windowUpdate(stream: stream, 100)
                + RawFrame.windowUpdate(stream: 0, 1) + RawFrame.frame(type: 0xFA, stream: 0)
                + RawFrame.windowUpdate(stream: 0, 2)
        }
        #expect(!pair.isFinished)
        #expect(defences.all.allSatisfy { $0.count == 0 })
    }

    @Test("pings that come too early are counted, and too many end the connection as in gRPC")
    func pings() throws {
        try begin()
        for _ in 0..<10 {
            try pair.serverReceives(RawFrame.ping())
            pair.nowNanos += 5 * Self.second
        }
        try pair.serverReceives(RawFrame.ping() + RawFrame.ping() + RawFrame.ping())
        _ = try pair.serverSends()
        #expect(!pair.isFinished)
        try pair.serverReceives(RawFrame.ping())
        let (said, _) = try pair.serverSends()
        #expect(contains(said, "too_many_pings"))
        #expect(code == GoAwayCode.enhanceYourCalm)
        #expect(pair.isFinished)
        #expect(defences.value(.pingFlood) == 1)
    }

    @Test("a ping with every answer is none too many")
    func pingsWithAnswers() throws {
        try begin()
        let request = framed(GetRequest(key: [1]).encoded())
        for index in 0..<100 {
            try pair.serverReceives(
                RawFrame.headers(stream: stream(index))
                    + RawFrame.data(stream: stream(index), request, isEnded: true))
            _ = try pair.serverSends()
            try pair.serverReceives(RawFrame.ping())
        }
        _ = try pair.serverSends()
        #expect(!pair.isFinished)
        #expect(defences.value(.pingFlood) == 0)
    }

    @Test("a client that never acknowledges the limit of streams cannot go on over it")
    func refusedStreams() throws {
        var server = SessionOptions()
        server.maxConcurrentStreams = 10
        let pair = CallPair(server: server)
        try pair.serverReceives(RawFrame.preface + RawFrame.settings)
        try pair.serverReceives((0..<110).flatMap { RawFrame.headers(stream: stream($0)) })
        _ = try pair.serverSends()
        #expect(!pair.isFinished)
        try pair.serverReceives(RawFrame.headers(stream: stream(110)))
        _ = try pair.serverSends()
        #expect(pair.isFinished)
        #expect(pair.services.defences.value(.refusedStreams) == 1)
    }

    @Test("header lists over their bounds are answered and counted")
    func headerLists() throws {
        let many = (0..<200).map { (name: "x-\($0)", value: "") }
        let call = try pair.open("Get", metadata: many)
        try pair.run()
        #expect(pair.status(call).code == .resourceExhausted)
        #expect(defences.value(.headerList) == 1)
        // The table of HPACK is still in step.
        let next = try pair.call("Get", GetRequest(key: [1]))
        try pair.run()
        #expect(pair.status(next).isOK)
    }

    @Test("a message that says it is too long is refused at its fifth byte, and counted")
    func messageLimit() throws {
        let unary = try pair.open("Set", bytes: [0, 255, 255, 255, 255], isEnded: false)
        let load = try pair.open("BulkLoad", bytes: [0, 255, 255, 255, 255], isEnded: false)
        let torn = try pair.open("Set", bytes: [0, 255, 255], isEnded: false)
        try pair.run()
        pair.send(torn, bytes: [255, 255])
        try pair.run()
        for call in [unary, load, torn] {
            #expect(pair.status(call).code == .resourceExhausted)
        }
        #expect(defences.value(.messageLimit) == 3)
        #expect(pair.services.peerMemory.uploadBytes == 0)
    }

    @Test("every defence has a name of its own")
    func names() {
        let names = Set(defences.all.map { "\($0.name)" })
        #expect(names.count == Defence.allCases.count)
        defences.count(.idleTimeout, 3)
        #expect(defences.all.first { "\($0.name)" == "idle_timeout" }?.count == 3)
    }
}
