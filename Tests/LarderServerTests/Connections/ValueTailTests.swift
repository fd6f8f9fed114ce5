import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderServer
import LarderService
import Testing

@Suite("Values that are sent from where they lie")
struct ValueTailTests {
    /// A client that takes 16 KiB and then no more until it reads on.
    private func slowPair() -> CallPair {
        var client = SessionOptions()
        client.initialWindowBytes = 16 << 10
        let pair = CallPair(client: client)
        pair.isReading = false
        return pair
    }

    private func beginGet(_ pair: CallPair) throws -> StreamRef {
        try pair.store("a", .pattern(100_000))
        let stream = try pair.call("Get", GetRequest(key: [UInt8(ascii: "a")]))
        try pair.run()
        #expect(pair.answer(stream).body.count == 16 << 10)
        #expect(pair.livingOwnerCount > 0)
        return stream
    }

    @Test("the value arrives whole, and is let go of once it is sent", arguments: [0, 1])
    func sent(storeAgain: Int) throws {
        let pair = slowPair()
        let stream = try beginGet(pair)
        // What is being sent is not disturbed by what the cache does meanwhile.
        if storeAgain == 1 { try pair.store("a", [1]) }
        pair.readOn(stream)
        try pair.run()
        let read: GetResponse = try pair.answer(stream).message()
        #expect(read.value == .pattern(100_000))
        #expect(pair.livingOwnerCount == 0)
        #expect(pair.isQuiet)
    }

    @Test("it is let go of when the client resets the stream")
    func reset() throws {
        let pair = slowPair()
        let stream = try beginGet(pair)
        pair.client.reset(stream, code: 8)
        try pair.run()
        #expect(pair.livingOwnerCount == 0)
        #expect(pair.isQuiet)
    }

    @Test("it is let go of when the connection is gone")
    func connectionLost() throws {
        let pair = slowPair()
        _ = try beginGet(pair)
        pair.calls.forgetAll()
        pair.calls = ConnectionCalls(
            services: pair.services, blocks: AnswerBlocks(), options: SessionOptions())
        #expect(pair.livingOwnerCount == 0)
    }

    @Test("nothing of an answer is kept for the next call")
    func scratch() throws {
        let pair = CallPair()
        try pair.store("a", .pattern(2_000))
        let stream = try pair.call("Get", GetRequest(key: [UInt8(ascii: "a")]))
        try pair.run()
        #expect(pair.status(stream).isOK)
        let kept = pair.scratch.reply.tails.count
        #expect(kept == 0)
        #expect(pair.livingOwnerCount == 0)
    }

    @Test("several values in one answer stand each in its place")
    func batch() throws {
        let pair = CallPair()
        let counts = [3_000, 10, 0, 1_024, 1_025, 70_000, 5, 2_000]
        for (index, count) in counts.enumerated() {
            try pair.store("k\(index)", .pattern(count, seed: index))
        }
        let keys = (0...counts.count).map { Array("k\($0)".utf8) }
        let stream = try pair.call("BatchGet", BatchGetRequest(keys: keys))
        try pair.run()
        let answer: BatchGetResponse = try pair.answer(stream).message()
        #expect(answer.responses.count == counts.count + 1)
        for (index, count) in counts.enumerated() {
            #expect(answer.responses[index].value == .pattern(count, seed: index))
        }
        #expect(answer.responses.last?.head.outcome == .miss)
        #expect(pair.isQuiet)
    }

    @Test("a refused condition answers with the value that stands in the way")
    func failedCondition() throws {
        let pair = CallPair()
        try pair.store("a", .pattern(5_000))
        let stream = try pair.call(
            "Set",
            SetRequest(
                key: [UInt8(ascii: "a")], value: [1], condition: .ifAbsent(true),
                returnCurrent: true))
        try pair.run()
        let answer: SetResponse = try pair.answer(stream).message()
        #expect(answer.outcome == .conditionFailed)
        #expect(answer.current?.value == .pattern(5_000))
        #expect(pair.isQuiet)
    }
}
