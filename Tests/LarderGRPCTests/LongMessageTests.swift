import LarderGRPC
import LarderPages
import Testing

@Suite("Long messages")
struct LongMessageTests {
    private static let pieceBytes = 50_000

    private let pool: PagePool

    init() {
        pool = PagePool()
        pool.setKeptBytesMax(5 << 20)
    }

    private func deframer() -> MessageDeframer {
        MessageDeframer(messageBytesMax: 64 << 20, pages: pool)
    }

    /// Lets a stream come in pieces.
    private func take(_ stream: [UInt8], in deframer: inout MessageDeframer) throws {
        var start = 0
        while start < stream.count {
            let end = min(start + Self.pieceBytes, stream.count)
            var offset = 0
            _ = try deframer.next(stream.span.extracting(start..<end), at: &offset)
            start = end
        }
    }

    /// As `take`, and tells what was gathered.
    private func gather(_ message: [UInt8], in deframer: inout MessageDeframer) throws -> [UInt8] {
        try take(framed(message), in: &deframer)
        return array(deframer.gathered)
    }

    private func array(_ span: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        for index in span.indices { bytes.append(span[index]) }
        return bytes
    }

    private func pattern(_ count: Int, _ seed: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ seed) }
    }

    @Test("a long message's pages serve the next one, whichever call that comes with")
    func reuse() throws {
        for round in 0..<3 {
            let message = pattern(300_000 - round * 1_000, round)
            do {
                var deframer = deframer()
                #expect(try gather(message, in: &deframer) == message)
                if round > 0 { #expect(pool.keptBytes == 0) }
                let held = deframer.heldBytes
                #expect(held >= message.count && held < message.count * 2)
            }
            #expect(pool.keptBytes >= message.count)
        }
        // One call after the other on a stream.
        var deframer = deframer()
        for round in 0..<3 {
            let message = pattern(300_000, round)
            #expect(try gather(message, in: &deframer) == message)
        }
        deframer.reset()
        let held = deframer.heldBytes
        #expect(held == 0)
    }

    @Test("memory follows what has come, not what was announced")
    func memoryFollowsArrival() throws {
        var deframer = deframer()
        let prefix: [UInt8] = [0, 4, 0, 0, 0, 1]
        var offset = 0
        _ = try deframer.next(prefix.span, at: &offset)
        var held = deframer.heldBytes
        #expect(held <= SystemPages.pageBytes)
        let chunk = pattern(10_000, 1)
        for number in 1...100 {
            offset = 0
            _ = try deframer.next(chunk.span, at: &offset)
            held = deframer.heldBytes
            #expect(held >= number * chunk.count && held <= 5 * number * chunk.count)
        }
    }

    @Test("short and long messages take turns on a stream")
    func turns() throws {
        var deframer = deframer()
        for (round, count) in [10, 100_000, 65_536, 65_537, 1_000, 200_000, 60_000].enumerated() {
            let message = pattern(count, round)
            // The first byte comes alone, so that every message is gathered.
            var offset = 0
            let stream = framed(message)
            _ = try deframer.next(stream.span.extracting(0..<6), at: &offset)
            try take(Array(stream[6...]), in: &deframer)
            let gathered = array(deframer.gathered)
            #expect(gathered == message)
            let needed = deframer.neededBytes
            #expect(needed == count)
        }
    }

    @Test("a long request hands out its pages, wherever it was cut, and a short one has none")
    func handingOut() throws {
        let message = pattern(70_000, 3)
        let stream = framed(message)
        let cuts = Array(1..<12) + [4_100, 4_101, 65_541, stream.count - 2, stream.count - 1]
        for cut in cuts {
            var input = UnaryInput(messageBytesMax: 1 << 20, pages: pool)
            let span = stream.span
            let first = input.received(span.extracting(0..<cut), endOfStream: false)
            #expect(first == .wait)
            let second = input.received(span.extracting(cut..<stream.count), endOfStream: true)
            // With its prefix torn off, all of it lies in the second chunk.
            guard cut >= MessagePrefix.byteCount else {
                let begin = MessagePrefix.byteCount - cut
                #expect(second == .deliver(.inChunk(begin..<begin + message.count)))
                let none = input.takePages()
                let hasNone = none == nil
                #expect(hasNone)
                continue
            }
            #expect(second == .deliver(.gathered))
            guard let run = input.takePages() else {
                Issue.record("what is gathered lies in pages")
                continue
            }
            let bytes = array(run.bytes)
            #expect(bytes == message)
            let again = input.takePages()
            let isGone = again == nil
            #expect(isGone)
        }
    }

    @Test("without a pool long messages are gathered all the same")
    func withoutPool() throws {
        var deframer = MessageDeframer(messageBytesMax: 64 << 20)
        let message = pattern(300_000, 1)
        #expect(try gather(message, in: &deframer) == message)
        let none = deframer.takePages()
        let hasNone = none == nil
        #expect(hasNone)
    }

    @Test("pages of a message that never becomes whole, and of one that is not wanted, go back")
    func unfinished() throws {
        do {
            var deframer = deframer()
            try take(Array(framed(pattern(300_000, 1)).dropLast()), in: &deframer)
            #expect(throws: DeframeError.truncated) { try deframer.endOfStream() }
        }
        #expect(pool.keptBytes >= 300_000)
        let kept = pool.keptBytes
        var deframer = deframer()
        try take(framed([UInt8](repeating: 2, count: 60_000)), in: &deframer)
        deframer.reset()
        #expect(pool.keptBytes == kept)
    }
}
