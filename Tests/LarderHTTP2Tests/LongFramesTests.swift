import LarderHTTP2
import Testing

@Suite("Long frames")
struct LongFramesTests {
    private let stream = StreamRef(id: 1, slot: 0)

    /// The payloads of the DATA frames in which a body goes to a client that takes frames of
    /// `frameBytesMax`.
    private func frames(
        _ frameBytesMax: Int, windowBytes: Int = 1 << 20, copied: Int, tails: [Int]
    ) throws -> [Int] {
        var options = SessionOptions()
        options.receivedFrameBytesMax = frameBytesMax
        options.initialWindowBytes = windowBytes
        var pair = SessionPair(client: options)
        _ = pair.client.open(headers: Fields.request, endOfStream: true)
        _ = try pair.clientToServer { server, event in
            guard event.isEnd, let stream = event.stream else { return }
            server.startResponse(stream, headers: Fields.ok)
            server.send(stream, pattern(copied).span)
            for bytes in tails { server.send(stream, referencing: Tail(pattern(bytes))) }
            server.finish(stream, trailers: Fields.trailers)
        }
        var output = try pair.serverOutput()
        try pair.clientReceive(output)
        let lengths = Self.dataLengths(output)
        while !output.isEmpty {
            _ = try pair.clientToServer()
            output = try pair.serverOutput()
            try pair.clientReceive(output)
        }
        pair.takeServerEvents([])
        #expect(pair.clientBody(stream) == pattern(copied) + tails.flatMap { pattern($0) })
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
        return lengths
    }

    private static func dataLengths(_ output: [UInt8]) -> [Int] {
        var lengths: [Int] = []
        var at = 0
        while at < output.count {
            let length = Int(output[at]) << 16 | Int(output[at + 1]) << 8 | Int(output[at + 2])
            if output[at + 3] == 0 { lengths.append(length) }
            at += 9 + length
        }
        return lengths
    }

    private static let usual = 16 << 10
    private static let long = 128 << 10

    @Test("a client that asks for nothing gets frames of 16 KiB")
    func usualFrames() throws {
        let lengths = try frames(Self.usual, copied: 10, tails: [40_000])
        #expect(lengths == [Self.usual, Self.usual, 40_010 - 2 * Self.usual])
    }

    @Test("a value goes in one frame to a client that takes it")
    func oneFrame() throws {
        let lengths = try frames(1 << 20, copied: 10, tails: [65_536])
        #expect(lengths == [65_546])
    }

    @Test("no frame is longer than the client takes, nor than the bound of this side")
    func bounds() throws {
        let asked = try frames(50_000, copied: 10, tails: [120_000])
        #expect(asked == [50_000, 50_000, 20_010])
        let ours = try frames((1 << 24) - 1, copied: 10, tails: [300_000])
        #expect(ours == [Self.long, Self.long, 300_010 - 2 * Self.long])
    }

    @Test("many small pieces stay in usual frames")
    func smallPieces() throws {
        let lengths = try frames(1 << 20, copied: 10, tails: Array(repeating: 2_000, count: 50))
        #expect(lengths.allSatisfy { $0 <= Self.usual })
        let copied = try frames(1 << 20, copied: 100_000, tails: [])
        #expect(copied.allSatisfy { $0 <= Self.usual })
    }

    @Test("a small window makes shorter frames")
    func window() throws {
        let lengths = try frames(1 << 20, windowBytes: 30_000, copied: 10, tails: [65_536])
        #expect(lengths == [30_000])
    }
}
