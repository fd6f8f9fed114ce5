import LarderGRPC
import Testing

@Suite("MessageDeframer")
struct MessageDeframerTests {
    private static let limit: UInt32 = 1_000

    @Test("a message in one chunk stays where it is")
    func inChunk() throws {
        let stream = framed([1, 2, 3])
        var deframer = MessageDeframer(messageBytesMax: Self.limit)
        var offset = 0
        let message = try deframer.next(stream.span, at: &offset)
        #expect(message == .inChunk(5..<8))
        #expect(offset == 8)
        let end = try deframer.next(stream.span, at: &offset)
        #expect(end == nil)
        let held = deframer.heldBytes
        #expect(held == 0)
    }

    @Test("an empty message is a message")
    func empty() throws {
        let stream = framed([])
        var deframer = MessageDeframer(messageBytesMax: Self.limit)
        var offset = 0
        let message = try deframer.next(stream.span, at: &offset)
        #expect(message == .inChunk(5..<5))
        try deframer.endOfStream()
    }

    @Test("messages come whole, wherever the stream is cut in two")
    func everyCut() {
        let stream = framed([1, 2, 3]) + framed([]) + framed(Array(0..<40)) + framed([9])
        let naive = NaiveDeframer(stream, messageBytesMax: Int(Self.limit))
        for cut in 0...stream.count {
            let result = run(pieces(of: stream, cuts: [cut]))
            #expect(result.messages == naive.messages)
            #expect(result.error == nil)
        }
    }

    @Test("messages come whole byte by byte, with empty chunks between")
    func byteByByte() {
        let stream = framed([1, 2, 3]) + framed([]) + framed(Array(0..<40))
        let result = run(stream.flatMap { [[], [$0]] })
        #expect(result.messages == [[1, 2, 3], [], Array(0..<40)])
        #expect(result.error == nil)
    }

    @Test("at the limit passes, for every message of a stream")
    func atTheLimit() {
        let message = [UInt8](repeating: 1, count: Int(Self.limit))
        let result = run([framed(message), framed(message), framed(message + [1])])
        #expect(result.messages == [message, message])
        #expect(result.error == .messageTooLarge(announcedBytes: 1_001, limitBytes: 1_000))
    }

    @Test("a length over the limit is refused at the fifth byte, with nothing reserved")
    func overTheLimit() throws {
        for split in 0...5 {
            let prefix: [UInt8] = [0, 0xFF, 0xFF, 0xFF, 0xFF]
            var deframer = MessageDeframer(messageBytesMax: Self.limit)
            var offset = 0
            let early = try deframer.next(prefix.span.extracting(first: min(split, 4)), at: &offset)
            #expect(early == nil)
            offset = 0
            let rest = Array(prefix[min(split, 4)...])
            let refusal = DeframeError.messageTooLarge(
                announcedBytes: .max, limitBytes: Self.limit)
            #expect(throws: refusal) { _ = try deframer.next(rest.span, at: &offset) }
            let held = deframer.heldBytes
            #expect(held == 0)
        }
    }

    @Test(
        "flags other than 0 are refused, whole or split", arguments: [1, 2, 7, 128, 255] as [UInt8])
    func flags(_ flag: UInt8) {
        let stream = framed([4, 4], flag: flag)
        let expected: DeframeError =
            flag == 1 ? .compressedWithoutEncoding : .unknownFlag(flag)
        for cut in 0...stream.count {
            #expect(run(pieces(of: stream, cuts: [cut])).error == expected)
        }
    }

    @Test("a stream that ends inside a prefix or a message is truncated")
    func truncated() {
        let whole = framed([1, 2, 3])
        for count in 1...7 {
            let result = run([whole, Array(whole.prefix(count))])
            #expect(result.messages == [[1, 2, 3]])
            #expect(result.error == .truncated)
        }
        #expect(run([whole]).error == nil)
        #expect(run([]).error == nil)
    }

    @Test("after an error the rest of the stream is dropped quietly")
    func afterAnError() throws {
        var deframer = MessageDeframer(messageBytesMax: Self.limit)
        var offset = 0
        let broken = framed([1], flag: 9)
        #expect(throws: DeframeError.unknownFlag(9)) {
            _ = try deframer.next(broken.span, at: &offset)
        }
        offset = 0
        let more = framed([1])
        let message = try deframer.next(more.span, at: &offset)
        #expect(message == nil)
        #expect(offset == more.count)
        try deframer.endOfStream()
    }

    @Test("memory follows what has come, not what was announced")
    func memoryFollowsArrival() throws {
        let announced: UInt32 = 64 << 20
        var deframer = MessageDeframer(messageBytesMax: announced)
        var offset = 0
        let prefix: [UInt8] = [0, 4, 0, 0, 0, 1]
        _ = try deframer.next(prefix.span, at: &offset)
        var held = deframer.heldBytes
        #expect(held <= 2 * MessageDeframer.firstBufferBytesMax)
        var arrived = 1
        let chunk = [UInt8](repeating: 2, count: 10_000)
        for _ in 0..<100 {
            offset = 0
            _ = try deframer.next(chunk.span, at: &offset)
            arrived += chunk.count
            held = deframer.heldBytes
            #expect(held <= 5 * arrived)
        }
    }

    @Test("a small buffer is kept for the next message, a large one is given back")
    func bufferReuse() throws {
        var deframer = MessageDeframer(messageBytesMax: 1 << 20)
        try gather(1_000, in: &deframer)
        try gather(10, in: &deframer)
        var held = deframer.heldBytes
        #expect(held >= 1_000)
        try gather(MessageDeframer.keptBufferBytesMax * 2, in: &deframer)
        try gather(10, in: &deframer)
        held = deframer.heldBytes
        #expect(held < 1_000)
        try gather(MessageDeframer.keptBufferBytesMax * 2, in: &deframer)
        deframer.reset()
        held = deframer.heldBytes
        #expect(held == 0)
    }

    @Test("a deframer that is reset inside a message starts anew")
    func reset() throws {
        var deframer = MessageDeframer(messageBytesMax: Self.limit)
        let stream = framed([1, 2, 3])
        for cut in 0..<stream.count {
            var offset = 0
            _ = try deframer.next(stream.span.extracting(first: cut), at: &offset)
            deframer.reset()
            offset = 0
            let message = try deframer.next(stream.span, at: &offset)
            #expect(message == .inChunk(5..<8))
        }
    }

    @Test("random streams in random chunks read as the naive twin reads them")
    func againstTheTwin() {
        for seed in UInt64(0)..<2_000 {
            var generator = SplitMix(seed: seed)
            var stream: [UInt8] = []
            for _ in 0..<Int.random(in: 0...6, using: &generator) {
                let count = Int.random(in: 0...60, using: &generator)
                let isBroken = Int.random(in: 0..<20, using: &generator) == 0
                stream += framed(generator.bytes(count), flag: isBroken ? 3 : 0)
            }
            if Int.random(in: 0..<4, using: &generator) == 0, !stream.isEmpty {
                stream.removeLast(Int.random(in: 0...min(9, stream.count), using: &generator))
            }
            let cuts = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
                Int.random(in: 0...stream.count, using: &generator)
            }
            let naive = NaiveDeframer(stream, messageBytesMax: 50)
            let result = run(pieces(of: stream, cuts: cuts), messageBytesMax: 50)
            #expect(result.messages == naive.messages, "seed \(seed)")
            #expect(result.error == naive.error, "seed \(seed)")
        }
    }

    @Test("random bytes never trap")
    func randomBytes() {
        for seed in UInt64(0)..<10_000 {
            var generator = SplitMix(seed: seed)
            var stream = generator.bytes(Int.random(in: 0...80, using: &generator))
            // Mostly zeros, so that many streams get past the first prefix.
            for index in stream.indices where Int.random(in: 0..<4, using: &generator) != 0 {
                stream[index] = 0
            }
            let cuts = (0..<3).map { _ in Int.random(in: 0...stream.count, using: &generator) }
            let naive = NaiveDeframer(stream, messageBytesMax: 40)
            let result = run(pieces(of: stream, cuts: cuts), messageBytesMax: 40)
            #expect(result.messages == naive.messages)
            #expect(result.error == naive.error)
        }
    }

    @Test("a prefix is a zero and the length, big-endian")
    func prefix() {
        let prefix = MessagePrefix.encode(messageBytes: 0x0102_0304)
        #expect((0..<5).map { prefix[$0] } == [0, 1, 2, 3, 4])
    }

    private func run(
        _ chunks: [[UInt8]], messageBytesMax: UInt32 = limit
    ) -> (messages: [[UInt8]], error: DeframeError?) {
        var messages: [[UInt8]] = []
        do throws(DeframeError) {
            var deframer = MessageDeframer(messageBytesMax: messageBytesMax)
            for chunk in chunks {
                var offset = 0
                while let message = try deframer.next(chunk.span, at: &offset) {
                    let bytes = deframer.bytes(of: message, in: chunk.span)
                    messages.append(bytes.indices.map { bytes[$0] })
                }
            }
            try deframer.endOfStream()
            return (messages, nil)
        } catch {
            return (messages, error)
        }
    }

    private func gather(_ count: Int, in deframer: inout MessageDeframer) throws {
        let stream = framed([UInt8](repeating: 7, count: count))
        for piece in pieces(of: stream, cuts: [6, count / 2 + 3]) {
            var offset = 0
            _ = try deframer.next(piece.span, at: &offset)
        }
        let gathered = deframer.gathered.count
        #expect(gathered == count)
    }
}
