import LarderGRPC
import Testing

@Suite("MessageBuffers")
struct MessageBuffersTests {
    private static let pieceBytes = 50_000

    private func deframer(_ buffers: MessageBuffers) -> MessageDeframer {
        MessageDeframer(messageBytesMax: 64 << 20, buffers: buffers)
    }

    /// Lets a message come in pieces.
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
        let gathered = deframer.gathered
        var bytes: [UInt8] = []
        for index in gathered.indices { bytes.append(gathered[index]) }
        return bytes
    }

    private func pattern(_ count: Int, _ seed: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ seed) }
    }

    @Test("a long message's storage serves the next one, whichever call that comes with")
    func reuse() throws {
        let buffers = MessageBuffers()
        for round in 0..<3 {
            let message = pattern(300_000 + round * 1_000, round)
            do {
                var deframer = deframer(buffers)
                #expect(try gather(message, in: &deframer) == message)
                if round > 0 { #expect(buffers.bytes == 0) }
                let held = deframer.heldBytes
                #expect(held >= message.count && held < message.count * 2)
            }
            #expect(buffers.bytes >= message.count)
        }
        // One call after the other on a stream.
        var deframer = deframer(buffers)
        for round in 0..<3 {
            let message = pattern(300_000, round)
            #expect(try gather(message, in: &deframer) == message)
        }
        deframer.reset()
        let held = deframer.heldBytes
        #expect(held == 0)
    }

    @Test("a message is not given much more than it is long")
    func suits() throws {
        let buffers = MessageBuffers()
        var long = deframer(buffers)
        try take(framed(pattern(1 << 20, 1)), in: &long)
        long.reset()
        let kept = buffers.bytes
        #expect(kept >= 1 << 20)
        var short = deframer(buffers)
        try take(framed(pattern(200_000, 2)), in: &short)
        #expect(buffers.bytes == kept)
        let held = short.heldBytes
        #expect(held < 1 << 20)
    }

    @Test("what is kept is bounded, and short messages leave nothing")
    func bound() throws {
        let buffers = MessageBuffers()
        let message = [UInt8](repeating: 1, count: 1 << 20)
        var deframers = (0..<6).map { _ in deframer(buffers).held() }
        for held in deframers { try take(framed(message), in: &held.deframer) }
        #expect(buffers.bytes == 0)
        deframers.removeAll()
        let kept = buffers.bytes
        #expect(kept >= 3 << 20 && kept <= MessageBuffers.bytesMax)
        var small = deframer(buffers)
        try take(framed([UInt8](repeating: 2, count: 60_000)), in: &small)
        small.reset()
        #expect(buffers.bytes == kept)
        buffers.letGo()
        #expect(buffers.bytes == 0)
        #expect(try gather(message, in: &small) == message)
    }
}

/// A deframer that an array can hold.
private final class HeldDeframer {
    var deframer: MessageDeframer

    init(_ deframer: consuming MessageDeframer) { self.deframer = deframer }
}

extension MessageDeframer {
    fileprivate consuming func held() -> HeldDeframer { HeldDeframer(self) }
}
