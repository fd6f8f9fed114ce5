import LarderHTTP2
import Testing

@Suite("Answers written past nghttp2")
struct AnswersTests {
    /// A raw client of a server that answers each request with `answerBytes`.
    private struct RawClient: ~Copyable {
        var server = ServerSession()
        var answerBytes = 100
        var id: UInt32 = 1
        var closed: [UInt32] = []

        /// What the server says to `bytes`.
        mutating func send(_ bytes: [UInt8], isDrained: Bool = true) throws -> [UInt8] {
            try server.receive(bytes.span)
            while let event = server.nextEvent() { take(event) }
            return isDrained ? try drain() : []
        }

        mutating func drain() throws -> [UInt8] {
            var output: [UInt8] = []
            try server.drain { span, _ in
                for index in span.indices { output.append(span[index]) }
                return true
            }
            while let event = server.nextEvent() { take(event) }
            return output
        }

        private mutating func take(_ event: SessionEvent) {
            switch event {
            case .headers(let stream, _, endOfStream: true):
                server.respond(
                    stream, headers: Fields.ok, body: pattern(answerBytes).span,
                    trailers: Fields.trailers)
            case .closed(_, let code): closed.append(code)
            default: break
            }
        }

        mutating func request() -> [UInt8] {
            defer { id += 2 }
            return RawFrame.headers(stream: id, endStream: true)
        }

        /// Begins, and has the answers' header blocks sent until they can be sent again.
        mutating func warmUp() throws {
            _ = try send(RawFrame.preface + RawFrame.settings)
            for _ in 0..<3 { _ = try send(request()) }
            closed = []
        }
    }

    private static func types(_ output: [UInt8]) -> [UInt8] {
        var types: [UInt8] = []
        var at = 0
        while at + 9 <= output.count {
            types.append(output[at + 3])
            at += 9 + Int(output[at]) << 16 + Int(output[at + 1]) << 8 + Int(output[at + 2])
        }
        #expect(at == output.count)
        return types
    }

    @Test("an answer has three frames, and nothing is left of its stream")
    func threeFrames() throws {
        var client = RawClient()
        try client.warmUp()
        let before = client.server.counters
        let output = try client.send(client.request())
        // HEADERS with :status and content-type, DATA, HEADERS with END_STREAM and grpc-status.
        let expected =
            RawFrame.frame(type: 1, flags: 4, stream: 7, payload: [0x88, 0xBF])
            + RawFrame.data(stream: 7, pattern(100))
            + RawFrame.frame(type: 1, flags: 5, stream: 7, payload: [0xBE])
        let isExpected = output == expected
        #expect(isExpected)
        #expect(client.closed == [0])
        let counters = client.server.counters
        #expect(counters.headersSent - before.headersSent == 2)
        #expect(counters.dataSent - before.dataSent == 1)
        #expect(counters.bodyBytesSent - before.bodyBytesSent == 100)
        #expect(counters.resetsSent == 0)
        let isLeft = client.server.usedSlotCount > 0 || client.server.pendingBodyBytes > 0
        #expect(!isLeft)
    }

    @Test("a change of the table's size is said in the next block, and no entry is named after it")
    func tableSize() throws {
        var client = RawClient()
        try client.warmUp()
        let smaller = RawFrame.frame(
            type: 4, flags: 0, stream: 0, payload: [0, 1] + RawFrame.bigEndian(0))
        let first = try client.send(smaller + client.request())
        // The acknowledgement, and then a block that begins with the size of 0.
        #expect(Self.types(first) == [4, 1, 0, 1])
        #expect(first[18] == 0x20)
        for _ in 0..<3 {
            let output = try client.send(client.request())
            #expect(Self.types(output) == [1, 0, 1])
            #expect(output[9] == 0x88)
            // Not a field of the table, which is empty.
            #expect(output[10] & 0x80 == 0)
        }
    }

    @Test("updates of a window that is full are taken, as far as answers have used it")
    func fullWindow() throws {
        var client = RawClient()
        try client.warmUp()
        // What is missing to the largest window that there may be.
        let missing = UInt32(Int32.max) - 65_535 + 300
        _ = try client.send(RawFrame.windowUpdate(missing))
        client.answerBytes = 16_384
        let answer = try client.send(client.request())
        #expect(Self.types(answer) == [1, 0, 1])
        let half = RawFrame.windowUpdate(8192)
        // Torn in all places.
        for byte in half { #expect(try client.send([byte]).isEmpty) }
        #expect(try client.send(half).isEmpty)
        // One byte more than there ever may be.
        let goAway = try client.send(RawFrame.windowUpdate(1))
        #expect(Self.types(goAway) == [7])
        #expect(client.server.terminationCode == 3)
    }

    @Test("an update of the connection's window by 0 is a fault after an answer, too")
    func zeroUpdate() throws {
        var client = RawClient()
        try client.warmUp()
        _ = try client.send(RawFrame.windowUpdate(0))
        #expect(client.server.terminationCode == 1)
    }

    @Test("an update of the connection's window inside a header block is a fault")
    func updateInsideBlock() throws {
        var client = RawClient()
        try client.warmUp()
        let begun = RawFrame.frame(
            type: 1, flags: 1, stream: client.id, payload: RawFrame.requestBlock)
        _ = try client.send(begun + RawFrame.windowUpdate(10))
        #expect(client.server.terminationCode == 1)
    }

    @Test("a stream that is reset before its answer is out ends once, and no reset is sent")
    func resetBeforeDrain() throws {
        var client = RawClient()
        try client.warmUp()
        let id = client.id
        _ = try client.send(client.request(), isDrained: false)
        _ = try client.send(RawFrame.reset(stream: id), isDrained: false)
        #expect(Self.types(try client.drain()) == [1, 0, 1])
        #expect(client.closed == [8])
        #expect(client.server.usedSlotCount == 0)
        // The next stream has the same slot.
        #expect(Self.types(try client.send(client.request())) == [1, 0, 1])
    }

    @Test(
        "copied bytes go out in pieces of a usual frame, however many answers there are",
        arguments: [1_000, 40_000, 120_000])
    func pieces(answerBytes: Int) throws {
        var client = RawClient()
        try client.warmUp()
        client.answerBytes = answerBytes
        _ = try client.send(
            RawFrame.settings([(4, 1 << 20), (5, 1 << 20)]) + RawFrame.windowUpdate(1 << 28))
        let count = 60
        for _ in 0..<count { _ = try client.send(client.request(), isDrained: false) }
        var longest = 0
        var total = 0
        try client.server.drain { span, owner in
            if owner == nil { longest = max(longest, span.count) }
            total += span.count
            return true
        }
        #expect(longest <= 9 + 16 << 10)
        #expect(total > count * answerBytes)
    }

    @Test("an answer that one frame of the peer's does not hold takes several")
    func severalFrames() throws {
        var client = RawClient()
        try client.warmUp()
        client.answerBytes = 60_000
        _ = try client.send(RawFrame.windowUpdate(1 << 20))
        let usual = try client.send(client.request())
        #expect(Self.types(usual) == [1, 0, 0, 0, 0, 1])
        // Behind SETTINGS, the next answer's header blocks are the library's.
        _ = try client.send(RawFrame.settings([(5, 1 << 20)]) + client.request())
        let sent = client.server.counters.dataSent
        let long = try client.send(client.request())
        #expect(Self.types(long) == [1, 0, 1])
        #expect(client.server.counters.dataSent == sent + 1)
        client.answerBytes = 129 << 10
        _ = try client.send(RawFrame.settings([(4, 1 << 20)]))
        let longest = try client.send(client.request())
        #expect(Self.types(longest) == [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    }

    @Test("answers that the window does not let through wait for it, byte for byte")
    func waitsForWindow() throws {
        var client = RawClient()
        try client.warmUp()
        client.answerBytes = 10_000
        var dataBytes = 300
        var types: [UInt8] = []
        for _ in 0..<8 {
            let output = try client.send(client.request())
            types += Self.types(output)
            dataBytes += Self.dataBytes(output)
        }
        // The last two wait, one of them with a part of its body sent.
        #expect(types.filter { $0 == 0 }.count == 7)
        #expect(dataBytes == 65_535)
        let more = try client.send(RawFrame.windowUpdate(5_000))
        #expect(Self.dataBytes(more) == 5_000)
        let rest = try client.send(RawFrame.windowUpdate(100_000))
        #expect(Self.dataBytes(rest) == 80_300 - 65_535 - 5_000)
        #expect(client.server.usedSlotCount == 0)
        // What is left of the window is known again.
        #expect(Self.types(try client.send(client.request())) == [1, 0, 1])
    }

    private static func dataBytes(_ output: [UInt8]) -> Int {
        var sum = 0
        var at = 0
        while at + 9 <= output.count {
            let bytes = Int(output[at]) << 16 + Int(output[at + 1]) << 8 + Int(output[at + 2])
            if output[at + 3] == 0 { sum += bytes }
            at += 9 + bytes
        }
        return sum
    }
}
