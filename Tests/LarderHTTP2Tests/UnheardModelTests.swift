import LarderHTTP2
import Testing

/// Frames that come byte by byte are never whole in one read, so that nghttp2 hears of every stream:
/// the naive twin of a session that gets its frames whole.
@Suite("Requests that go past nghttp2, beside those that do not")
struct UnheardModelTests {
    @Test("are served and answered the same", arguments: Seeds.upTo(300))
    func twins(seed: UInt64) throws {
        let script = Script.make(seed: seed)
        let past = try Outcome(script, chunkBytes: .max)
        let through = try Outcome(script, chunkBytes: 1)
        #expect(differences(past.events, through.events) == [], "seed \(seed)")
        #expect(differences(past.answers, through.answers) == [], "seed \(seed)")
        #expect(past.terminationCode == through.terminationCode, "seed \(seed)")
        #expect(past.passedCount > 0 && through.passedCount == 0, "seed \(seed)")
        // Of a connection that is being ended nobody looks at what still comes.
        guard past.terminationCode == nil else { return }
        #expect(past.counters == through.counters, "seed \(seed)")
        #expect(past.isQuiet && through.isQuiet, "seed \(seed)")
    }

    private func differences<ID: Comparable>(
        _ past: [ID: [String]], _ through: [ID: [String]]
    ) -> [String] {
        Set(past.keys).union(through.keys).sorted().compactMap { id in
            past[id] == through[id] ? nil : "\(id): \(past[id] ?? []), \(through[id] ?? [])"
        }
    }

    /// How a stream is answered, and when: all told by its number and the seed.
    private enum Answer: CaseIterable {
        case atOnce, byReference, large, failure, streamed, reset, late
    }

    /// What a client sends, in groups that are read at once, and how it is answered.
    private struct Script {
        var groups: [[UInt8]] = []
        var answers: [Int32: Answer] = [:]
        /// Some groups have more of them.
        var streamCountMax = 1024

        // Frames of a stream keep their order, those of several streams are mixed; what is about
        // streams of earlier groups comes between them.
        static func make(seed: UInt64) -> Script {
            var generator = SeededGenerator(seed: seed)
            var script = Script()
            let ordinary = Bool.random(using: &generator)
            script.groups.append(
                RawFrame.preface + RawFrame.settings + RawFrame.windowUpdate(1 << 24))
            if Int.random(in: 0..<8, using: &generator) == 0 { script.streamCountMax = 5 }
            var next: UInt32 = 1
            for round in 0..<25 {
                var queues: [[[UInt8]]] = []
                let known = next
                for _ in 0..<Int.random(in: 1...6, using: &generator) {
                    let isOrdinary = ordinary || Int.random(in: 0..<3, using: &generator) > 0
                    script.answers[Int32(next)] =
                        isOrdinary && next > 5
                        ? .atOnce : Answer.allCases.randomElement(using: &generator) ?? .atOnce
                    queues.append(request(next, isOrdinary, &generator))
                    next += 2
                }
                // HEADERS begin streams in the order of their numbers.
                var group = queues.flatMap { $0[0] }
                if Bool.random(using: &generator) {
                    group = []
                    for queue in queues { group += queue.flatMap(\.self) }
                } else {
                    var rests = queues.map { Array($0.dropFirst()) }
                    while !rests.isEmpty {
                        let index = Int.random(in: 0..<rests.count, using: &generator)
                        if rests[index].isEmpty {
                            rests.remove(at: index)
                        } else {
                            group += rests[index].removeFirst()
                        }
                    }
                }
                if !ordinary, known > 1 { group = between(known, &generator) + group }
                if !ordinary, round > 15, Int.random(in: 0..<30, using: &generator) == 0 {
                    script.groups.append(fault(known, &generator))
                }
                script.groups.append(group)
            }
            return script
        }

        private static func request(
            _ id: UInt32, _ isOrdinary: Bool, _ generator: inout SeededGenerator
        ) -> [[UInt8]] {
            let body = pattern(Int.random(in: 1...40, using: &generator), seed: UInt64(id))
            let headers = RawFrame.headers(stream: id)
            if isOrdinary { return [headers, RawFrame.data(stream: id, body, endStream: true)] }
            switch Int.random(in: 0..<7, using: &generator) {
            case 0: return [RawFrame.headers(stream: id, endStream: true)]
            case 1: return [headers, RawFrame.data(stream: id, [], endStream: true)]
            case 2:
                return [
                    headers, RawFrame.data(stream: id, body),
                    RawFrame.data(stream: id, body, endStream: true),
                ]
            case 3:
                let padded = [2] + body + [0, 0]
                return [headers, RawFrame.frame(type: 0, flags: 9, stream: id, payload: padded)]
            case 4:
                let trailers = RawFrame.literal("n", "v")
                return [
                    headers, RawFrame.data(stream: id, body),
                    RawFrame.headers(stream: id, block: trailers, endStream: true),
                ]
            case 5:
                let block = RawFrame.requestBlock + RawFrame.literal("n", "\(id)")
                return [
                    RawFrame.headers(stream: id, block: block),
                    RawFrame.data(stream: id, body, endStream: true),
                ]
            default:
                return [
                    headers, RawFrame.windowUpdate(7, stream: id),
                    RawFrame.data(stream: id, body, endStream: true),
                ]
            }
        }

        /// What a client may not say of streams before `id`, though it may be passed over.
        private static func fault(_ id: UInt32, _ generator: inout SeededGenerator) -> [UInt8] {
            let old = id - 2
            return Bool.random(using: &generator)
                ? RawFrame.headers(stream: old) : RawFrame.data(stream: old, [1])
        }

        /// What a client may say of streams before `id`, and of none.
        private static func between(
            _ id: UInt32, _ generator: inout SeededGenerator
        ) -> [UInt8] {
            let old = UInt32.random(in: 0..<(id / 2), using: &generator) * 2 + 1
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: return RawFrame.reset(stream: old)
            case 1: return RawFrame.windowUpdate(9, stream: old)
            case 2: return RawFrame.frame(type: 2, flags: 0, stream: old, payload: [0, 0, 0, 0, 7])
            case 3: return RawFrame.frame(type: 6, flags: 0, stream: 0, payload: pattern(8))
            case 4: return RawFrame.windowUpdate(100)
            default: return RawFrame.frame(type: 99, flags: 0, stream: old, payload: [1])
            }
        }
    }

    private struct Outcome {
        /// By stream, so that it does not matter which of two came first.
        var events: [Int32: [String]] = [:]
        let answers: [UInt32: [String]]
        let terminationCode: UInt32?
        let counters: SessionCounters
        let isQuiet: Bool
        let passedCount: UInt64

        init(_ script: Script, chunkBytes: Int) throws {
            var options = SessionOptions()
            options.maxConcurrentStreams = script.streamCountMax
            var pair = SessionPair(chunkBytes: chunkBytes, server: options)
            var late: [StreamRef] = []
            var output: [UInt8] = []
            for group in script.groups {
                // Answered streams count as open until the answer is out, if nghttp2 has heard of
                // them.
                for stream in late { Self.answer(&pair.server, stream) }
                while pair.server.wantsWrite { output += try pair.serverOutput() }
                late = []
                try pair.serverReceive(group) { server, seen in
                    guard let stream = seen.stream, let answer = script.answers[stream.id] else {
                        return
                    }
                    guard seen.isEnd else { return }
                    if answer == .late { late.append(stream) }
                    Self.give(answer, &server, stream)
                }
                while pair.server.wantsWrite { output += try pair.serverOutput() }
                pair.takeServerEvents([])
            }
            for stream in late { Self.answer(&pair.server, stream) }
            while pair.server.wantsWrite { output += try pair.serverOutput() }
            pair.takeServerEvents([])
            for seen in pair.serverSaw {
                Self.note(seen, &events[seen.stream?.id ?? 0, default: []])
            }
            answers = Self.frames(output)
            terminationCode = pair.server.terminationCode
            counters = pair.server.counters
            passedCount = pair.server.passedCount
            isQuiet = pair.server.openStreamCount == 0 && pair.server.usedSlotCount == 0
        }

        private static func answer(_ server: inout ServerSession, _ stream: StreamRef) {
            server.respond(
                stream, headers: Fields.ok, body: pattern(50).span, trailers: Fields.trailers)
        }

        private static func give(
            _ answer: Answer, _ server: inout ServerSession, _ stream: StreamRef
        ) {
            switch answer {
            case .atOnce: Self.answer(&server, stream)
            case .byReference:
                server.respond(
                    stream, headers: Fields.ok, body: pattern(5).span, tail: Tail(pattern(3_000)),
                    trailers: Fields.trailers)
            case .large:
                server.respond(
                    stream, headers: Fields.ok, body: pattern(40_000).span,
                    trailers: Fields.trailers)
            case .failure: server.respondHeadersOnly(stream, headers: Fields.failure)
            case .streamed:
                server.startResponse(stream, headers: Fields.ok)
                server.send(stream, pattern(100).span)
                server.finish(stream, trailers: Fields.trailers)
            case .reset: server.reset(stream, code: 2)
            case .late: break
            }
        }

        // What was read as one piece in one session came in several in the other.
        private static func note(_ seen: Seen, _ events: inout [String]) {
            switch seen {
            case .headers(_, let fields, _): events.append("headers \(fields)")
            case .trailers(_, let fields): events.append("trailers \(fields)")
            case .data(_, let bytes, _):
                let isFirst = events.last?.hasPrefix("data") != true
                if isFirst { events.append("data") }
                events[events.count - 1] += bytes.map { " \($0)" }.joined()
            case .closed(_, let code): events.append("closed \(code)")
            case .reset(_, let code): events.append("reset \(code)")
            case .end: break
            case .headersTooLarge, .bodyLow, .goAway, .settings, .settingsAcknowledged, .ping:
                events.append("\(seen)")
            }
            if seen.isEnd { events.append("end") }
        }

        /// The frames that were sent on each stream, in their order.
        private static func frames(_ output: [UInt8]) -> [UInt32: [String]] {
            var frames: [UInt32: [String]] = [:]
            var at = 0
            while at + 9 <= output.count {
                let count = output[at..<(at + 3)].reduce(0) { $0 << 8 | Int($1) }
                let id = output[(at + 5)..<(at + 9)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                let payload = output[(at + 9)..<(at + 9 + count)]
                // The bytes of a block depend on those that were sent before it.
                let isBlock = output[at + 3] == 1
                frames[id, default: []].append(
                    "\(output[at + 3]) \(output[at + 4]) \(isBlock ? [] : Array(payload))")
                at += 9 + count
            }
            #expect(at == output.count)
            return frames
        }
    }
}
