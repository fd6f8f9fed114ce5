import LarderGRPC
import LarderPages
import LarderProtocol
import LarderServer
import LarderService
import Testing

@Suite("Requests that are longer than a chunk")
struct LongRequestTests {
    private func set(
        _ request: SetRequest, in pair: CallPair
    ) throws -> (outcome: SetOutcome, current: [UInt8]?) {
        let stream = try pair.call("Set", request)
        try pair.run()
        let answer = try pair.answer(stream).message(as: SetResponse.self)
        return (answer.outcome, answer.current?.value)
    }

    private func get(_ key: [UInt8], in pair: CallPair) throws -> [UInt8] {
        let stream = try pair.call("Get", GetRequest(key: key))
        try pair.run()
        return try pair.answer(stream).message(as: GetResponse.self).value
    }

    @Test("a value is what was sent, however long it is and however it is cut")
    func values() throws {
        let lengths = [70_000, 262_000, 262_144, 300_000]
        for (chunkBytes, counts) in [(Int.max, lengths), (16_393, lengths), (99, [270_000])] {
            let pair = CallPair()
            pair.chunkBytes = { chunkBytes }
            for count in counts {
                var request = SetRequest(key: Array("key \(count)".utf8), value: .pattern(count))
                request.keepTTL = count % 2 == 1
                request.flags = 7
                #expect(try set(request, in: pair).outcome == .stored)
                #expect(try get(request.key, in: pair) == request.value)
            }
            #expect(pair.services.peerMemory.uploadBytes == 0)
            #expect(pair.isQuiet)
        }
    }

    @Test("a condition that fails answers what is there, and the pages go back")
    func conditions() throws {
        let pair = CallPair()
        let first: [UInt8] = .pattern(400_000)
        let second = [UInt8](first.reversed())
        #expect(try set(SetRequest(key: [1], value: first), in: pair).outcome == .stored)
        let kept = pair.services.pages.keptBytes
        var request = SetRequest(key: [1], value: second)
        request.condition = .ifAbsent(true)
        request.returnCurrent = true
        let result = try set(request, in: pair)
        #expect(result.outcome == .conditionFailed && result.current == first)
        #expect(pair.services.pages.keptBytes >= kept + 400_000)
        #expect(try get([1], in: pair) == first)
    }

    @Test("a request that is refused gives the pages back and changes nothing")
    func refusals() throws {
        let pair = CallPair()
        let value: [UInt8] = .pattern(400_000)
        #expect(try set(SetRequest(key: [1], value: value), in: pair).outcome == .stored)
        var unserved = SetRequest(key: [1], value: [UInt8](value.reversed()))
        unserved.leaseToken = 3
        let noKey = SetRequest(key: [], value: value)
        let cut = Array(SetRequest(key: [1], value: value).encoded().dropLast(5))
        for message in [unserved.encoded(), noKey.encoded(), cut] {
            let stream = try pair.open("Set", bytes: framed(message))
            try pair.run()
            #expect(!pair.status(stream).isOK)
            #expect(pair.services.pages.keptBytes >= 400_000)
            #expect(try get([1], in: pair) == value)
        }
        #expect(pair.services.peerMemory.uploadBytes == 0)
        #expect(pair.isQuiet)
    }

    @Test("a request of another method that is as long is answered from its pages")
    func otherMethods() throws {
        let pair = CallPair()
        let keys = (0..<900).map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: 100) }
        let stream = try pair.call("BatchGet", BatchGetRequest(keys: keys))
        try pair.run()
        #expect(pair.status(stream).isOK)
        #expect(pair.services.pages.keptBytes > 0)
        #expect(pair.isQuiet)
    }
}
