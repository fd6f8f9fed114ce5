import LarderHTTP2
import Testing

/// Frames that come byte by byte are never whole in one read, so such a session decodes every
/// block: the naive twin of one that gets its frames whole.
@Suite("Known header blocks beside decoded ones")
struct BlockMemoModelTests {
    @Test("repeated and changed blocks mean the same, known or decoded", arguments: Seeds.upTo(200))
    func twins(seed: UInt64) throws {
        let groups = Script.groups(seed: seed)
        let known = try Outcome(groups, chunkBytes: .max)
        let decoded = try Outcome(groups, chunkBytes: 1)
        known.expectSame(as: decoded, "seed \(seed)")
    }

    @Test("calls go past nghttp2 in them, so that there is something to compare")
    func passed() throws {
        var count: UInt64 = 0
        for seed in 0..<20 as Range<UInt64> {
            let groups = Script.groups(seed: seed)
            count += try Outcome(groups, chunkBytes: .max).passedCount
        }
        #expect(count > 100)
    }
}

/// What a session made of frames, without what depends on when they were read.
struct Outcome {
    var events: [String] = []
    var closed: [String] = []
    let terminationCode: UInt32?
    let counters: SessionCounters
    let passedCount: UInt64

    init(
        _ groups: [[UInt8]], chunkBytes: Int, options: SessionOptions = SessionOptions()
    ) throws {
        var pair = SessionPair(chunkBytes: chunkBytes, server: options)
        for group in groups {
            try pair.serverReceive(group, Self.answer)
            _ = try pair.serverOutput()
            pair.takeServerEvents([])
        }
        for seen in pair.serverSaw { Self.note(seen, &events, &closed) }
        closed.sort()
        terminationCode = pair.server.terminationCode
        counters = pair.server.counters
        passedCount = pair.server.passedCount
    }

    func expectSame(as decoded: Outcome, _ comment: Comment) {
        #expect(terminationCode == decoded.terminationCode, comment)
        #expect(decoded.passedCount == 0, comment)
        guard terminationCode == nil else {
            // What lay behind the fault in the same read may be served.
            return #expect(events.starts(with: decoded.events), comment)
        }
        #expect(events == decoded.events, comment)
        #expect(closed == decoded.closed, comment)
        #expect(counters == decoded.counters, comment)
    }

    private static func answer(_ server: inout ServerSession, _ seen: Seen) {
        guard seen.isEnd, let stream = seen.stream else { return }
        server.respondHeadersOnly(stream, headers: Fields.failure)
    }

    private static func note(_ seen: Seen, _ events: inout [String], _ closed: inout [String]) {
        let id = seen.stream?.id ?? 0
        switch seen {
        case .headers(_, let fields, let end): events.append("\(id) headers \(fields) \(end)")
        case .trailers(_, let fields): events.append("\(id) trailers \(fields)")
        case .data(_, let bytes, let end): events.append("\(id) data \(bytes) \(end)")
        case .closed(_, let code): closed.append("\(id) closed \(code)")
        case .headersTooLarge, .end, .reset, .bodyLow, .goAway, .settings,
            .settingsAcknowledged, .ping:
            events.append("\(id) \(seen.isEnd)")
        }
    }
}

/// What a client sends: mostly blocks that it sent before, and now and then what changes the table.
private struct Script {
    private var generator: SeededGenerator
    private var blocks: [[UInt8]] = []
    private var nextStream: UInt32 = 1

    static func groups(seed: UInt64) -> [[UInt8]] {
        var script = Script(generator: SeededGenerator(seed: seed))
        let first = RawFrame.preface + RawFrame.settings
        return [first] + (0..<30).map { _ in script.group() }
    }

    private init(generator: SeededGenerator) { self.generator = generator }

    private mutating func oneIn(_ count: Int) -> Bool {
        Int.random(in: 0..<count, using: &generator) == 0
    }

    private mutating func group() -> [UInt8] {
        (0..<Int.random(in: 1...6, using: &generator)).flatMap { _ in frames() }
    }

    private mutating func frames() -> [UInt8] {
        let id = nextStream
        nextStream += 2
        let payload = block()
        if oneIn(60) {
            return RawFrame.frame(type: 1, flags: 0xD, stream: id, payload: [1] + payload + [0])
        }
        if oneIn(60), payload.count > 2 {
            return RawFrame.frame(type: 1, flags: 1, stream: id, payload: Array(payload.prefix(2)))
                + RawFrame.frame(type: 9, flags: 4, stream: id, payload: Array(payload[2...]))
        }
        if oneIn(3) {
            return RawFrame.headers(stream: id, block: payload)
                + rest(id)
        }
        if oneIn(4) { return RawFrame.headers(stream: id, block: payload, endStream: true) }
        return RawFrame.headers(stream: id, block: payload)
            + RawFrame.data(stream: id, [7], endStream: true)
    }

    /// What follows a request's headers: trailers, trailers that look like headers, or a body.
    private mutating func rest(_ id: UInt32) -> [UInt8] {
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: RawFrame.headers(stream: id, block: block(), endStream: true)
        case 1: RawFrame.headers(stream: id, block: field(), endStream: true)
        case 2: RawFrame.headers(stream: id, block: field())
        default: RawFrame.data(stream: id, [7], endStream: true)
        }
    }

    private mutating func block() -> [UInt8] {
        if !blocks.isEmpty, !oneIn(4) { return blocks.randomElement(using: &generator) ?? [] }
        let made = newBlock()
        if blocks.count == 6 { blocks.removeFirst() }
        blocks.append(made)
        return made
    }

    private mutating func newBlock() -> [UInt8] {
        var block: [UInt8] = []
        if oneIn(30) { block += oneIn(2) ? [0x20] : [0x3F, 0xE1, 0x1F] }
        block.append(oneIn(8) ? 0x82 : 0x83)
        if !oneIn(40) { block.append(0x86) }
        block += RawFrame.literal(
            oneIn(8) ? 0x44 : 4, "/\(Int.random(in: 0..<3, using: &generator))")
        block += RawFrame.literal(oneIn(8) ? 0x41 : 1, "h")
        for _ in 0..<Int.random(in: 0..<4, using: &generator) { block += field() }
        return block
    }

    private mutating func field() -> [UInt8] {
        let number = Int.random(in: 0..<3, using: &generator)
        switch Int.random(in: 0..<24, using: &generator) {
        case 0: return RawFrame.literal("content-length", "1")
        case 1: return RawFrame.literal("priority", "u=\(number)")
        case 2: return RawFrame.literal("Upper", "case")
        case 3, 4: return [0x40] + RawFrame.literal("n\(number)", "added").dropFirst()
        case 5: return [0x10] + RawFrame.literal("n\(number)", "secret").dropFirst()
        case 6, 7: return [UInt8(0x80 | (62 + number))]
        case 8: return [0x80 | 56]
        default: return RawFrame.literal("n\(number)", "plain")
        }
    }
}
