import LarderGRPC
import Testing

@Suite("UnaryInput")
struct UnaryInputTests {
    private enum Verdict: Equatable {
        case delivered([UInt8])
        case rejected(StatusCode)
        case waits
    }

    @Test("one message and the end in one chunk are delivered where they lie")
    func inOneChunk() {
        var input = UnaryInput(messageBytesMax: 100)
        let action = input.received(framed([1, 2]).span, endOfStream: true)
        #expect(action == .deliver(.inChunk(5..<7)))
        let held = input.heldBytes
        #expect(held == 0)
    }

    @Test(
        "what is taken as a whole is what would be delivered, and nothing else",
        arguments: UInt64(1)...20)
    func takenWhole(seed: UInt64) {
        var generator = SplitMix(seed: seed)
        for _ in 0..<200 {
            var chunk = framed(generator.bytes(Int.random(in: 0...8, using: &generator)))
            switch Int.random(in: 0...5, using: &generator) {
            case 0: chunk += generator.bytes(1)
            case 1: chunk.removeLast()
            case 2: chunk[0] = UInt8.random(in: 0...2, using: &generator)
            case 3: chunk[Int.random(in: 1...4, using: &generator)] ^= 1
            default: break
            }
            let isEnd = Int.random(in: 0...3, using: &generator) > 0
            let limit = UInt32.random(in: 4...8, using: &generator)
            var whole: [UInt8]?
            if let message = UnaryInput.whole(
                chunk.span, endOfStream: isEnd, messageBytesMax: limit)
            {
                whole = message.indices.map { message[$0] }
            }
            var input = UnaryInput(messageBytesMax: limit)
            var delivered: [UInt8]?
            if case .deliver(let message) = input.received(chunk.span, endOfStream: isEnd) {
                let bytes = input.bytes(of: message, in: chunk.span)
                delivered = bytes.indices.map { bytes[$0] }
            }
            #expect(whole == delivered, "seed \(seed): \(chunk), end \(isEnd), limit \(limit)")
        }
    }

    @Test("a message waits for the end of the stream, however that comes and however it is cut")
    func waitsForTheEnd() {
        let stream = framed(Array(0..<20))
        for cut in 0...stream.count {
            let cutInTwo = pieces(of: stream, cuts: [cut])
            for end in End.allCases {
                #expect(run(cutInTwo, end: end) == .delivered(Array(0..<20)))
            }
        }
        #expect(run([stream], end: .never) == .waits)
        #expect(run([stream, []], end: .never) == .waits)
    }

    @Test("an empty message is a request")
    func emptyMessage() {
        for end in End.allCases { #expect(run([framed([])], end: end) == .delivered([])) }
    }

    @Test("no message at all is UNIMPLEMENTED, also when the headers end the stream")
    func noMessage() {
        for end in End.allCases { #expect(run([], end: end) == .rejected(.unimplemented)) }
        #expect(run([[], []], end: .withLastChunk) == .rejected(.unimplemented))
    }

    @Test("two messages are UNIMPLEMENTED, wherever they are cut")
    func twoMessages() {
        let stream = framed([1, 2, 3]) + framed([4, 5])
        for cut in 0...stream.count {
            let chunks = pieces(of: stream, cuts: [cut])
            for end in End.allCases { #expect(run(chunks, end: end) == .rejected(.unimplemented)) }
        }
        #expect(run([framed([]), framed([])], end: .later) == .rejected(.unimplemented))
    }

    @Test("bytes after the message that make no second one are INTERNAL")
    func strayBytes() {
        let second = framed([4, 5, 6])
        for count in 1..<second.count {
            let stream = framed([1, 2, 3]) + second.prefix(count)
            for cut in 0...stream.count {
                let chunks = pieces(of: stream, cuts: [cut])
                for end in End.allCases { #expect(run(chunks, end: end) == .rejected(.internal)) }
            }
        }
    }

    @Test("a cut-off request is INTERNAL")
    func cutOff() {
        let whole = framed([1, 2, 3])
        for count in 1..<whole.count {
            #expect(run([Array(whole.prefix(count))], end: .withLastChunk) == .rejected(.internal))
        }
    }

    @Test("a length over the limit is refused before the stream ends, also for a second message")
    func tooLarge() {
        let tooLarge: [UInt8] = [0, 0, 0, 0, 101]
        #expect(run([tooLarge], end: .never) == .rejected(.resourceExhausted))
        #expect(run([framed([1]) + tooLarge], end: .never) == .rejected(.resourceExhausted))
        #expect(run([framed([1]), tooLarge], end: .never) == .rejected(.resourceExhausted))
    }

    @Test("a bad flag is INTERNAL")
    func badFlag() {
        #expect(run([framed([1], flag: 1)], end: .never) == .rejected(.internal))
        #expect(run([framed([1], flag: 2)], end: .never) == .rejected(.internal))
    }

    @Test("a second message is not kept")
    func surplusIsNotKept() {
        var input = UnaryInput(messageBytesMax: 1 << 20)
        var action = input.received(framed([1]).span, endOfStream: false)
        let second = framed([UInt8](repeating: 1, count: 100_000))
        action = input.received(second.span.extracting(first: 90_000), endOfStream: false)
        #expect(action == .wait)
        let held = input.heldBytes
        #expect(held < 1_000)
    }

    @Test("after the verdict nothing more is said")
    func afterTheVerdict() {
        var input = UnaryInput(messageBytesMax: 100)
        var action = input.received(framed([1], flag: 2).span, endOfStream: false)
        action = input.received(framed([1]).span, endOfStream: true)
        #expect(action == .wait)
        action = input.endOfStream()
        #expect(action == .wait)
    }

    @Test("an input that is reset serves another call")
    func reset() {
        var input = UnaryInput(messageBytesMax: 100)
        let chunks = [
            framed([1, 2]), framed([1, 2]) + [0], Array(framed([1, 2]).prefix(6)), [9],
        ]
        for chunk in chunks {
            _ = input.received(chunk.span, endOfStream: false)
            input.reset()
            let action = input.received(framed([7]).span, endOfStream: true)
            #expect(action == .deliver(.inChunk(5..<6)))
            input.reset()
            // Split, so that it must be gathered.
            let next = framed([7, 8, 9])
            _ = input.received(next.span.extracting(0..<6), endOfStream: false)
            let last = input.received(next.span.extracting(6..<8), endOfStream: true)
            #expect(last == .deliver(.gathered))
            let gathered = input.gathered.count
            #expect(gathered == 3)
            input.reset()
        }
    }

    @Test("random streams are judged alike, whatever the cuts")
    func randomCuts() {
        for seed in UInt64(0)..<10_000 {
            var generator = SplitMix(seed: seed)
            var stream: [UInt8] = []
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                stream += framed(generator.bytes(Int.random(in: 0...12, using: &generator)))
            }
            if Bool.random(using: &generator) {
                stream += generator.bytes(Int.random(in: 0...4, using: &generator)).map { $0 & 1 }
            }
            let cuts = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                Int.random(in: 0...stream.count, using: &generator)
            }
            let end: End = Bool.random(using: &generator) ? .later : .withLastChunk
            #expect(run(pieces(of: stream, cuts: cuts), end: end) == expected(stream), "\(seed)")
        }
    }

    private enum End: CaseIterable {
        case withLastChunk
        case withAnEmptyChunk
        case later
        case never

        static var allCases: [End] { [.withLastChunk, .withAnEmptyChunk, .later] }
    }

    /// What the whole stream deserves.
    private func expected(_ stream: [UInt8]) -> Verdict {
        let naive = NaiveDeframer(stream, messageBytesMax: 100)
        if naive.messages.count >= 2 { return .rejected(.unimplemented) }
        if let error = naive.error { return .rejected(Status(error).code) }
        guard let message = naive.messages.first else { return .rejected(.unimplemented) }
        return .delivered(message)
    }

    private func run(_ chunks: [[UInt8]], end: End) -> Verdict {
        var input = UnaryInput(messageBytesMax: 100)
        let all = end == .withAnEmptyChunk ? chunks + [[]] : chunks
        for (index, chunk) in all.enumerated() {
            let isLast = index == all.count - 1
            let ends = isLast && (end == .withAnEmptyChunk || end == .withLastChunk)
            switch input.received(chunk.span, endOfStream: ends) {
            case .wait: continue
            case .deliver(let message):
                let bytes = input.bytes(of: message, in: chunk.span)
                return .delivered(bytes.indices.map { bytes[$0] })
            case .reject(let status): return .rejected(status.code)
            }
        }
        if end == .never { return .waits }
        switch input.endOfStream() {
        case .wait: return .waits
        case .deliver:
            let bytes = input.gathered
            return .delivered(bytes.indices.map { bytes[$0] })
        case .reject(let status): return .rejected(status.code)
        }
    }
}
