import LarderHTTP2
import Testing

@Suite("Lists that are known but for one field")
struct VaryingFieldTests {
    private static let name = "grpc-timeout"
    /// `:method`, `:scheme`, `:path: /p`, `:authority: h`: nothing is added to the table.
    private static let plain: [UInt8] =
        [0x83, 0x86] + RawFrame.literal(4, "/p") + RawFrame.literal(1, "h")

    private struct Found: Equatable {
        let learnt: Int
        let isVarying: Bool
        let fields: [String]
        let varying: String
    }

    private func opened() throws -> ServerSession {
        var options = SessionOptions()
        options.varyingField = VaryingField(Self.name)
        var server = ServerSession(options: options)
        // A stream that is over, on which the decoder may hear of additions.
        let first = request(-1, Self.plain)
        _ = try lists(&server, RawFrame.preface + RawFrame.settings + first)
        return server
    }

    private func lists(_ server: inout ServerSession, _ frames: [UInt8]) throws -> [Found] {
        var found: [Found] = []
        try server.receive(frames.span)
        while let event = server.nextEvent() {
            guard case .headers(let stream, let range, _) = event else { continue }
            found.append(
                Found(
                    learnt: range.learnt, isVarying: range.isVarying,
                    fields: strings(server.fields(range)),
                    varying: text(server.fields(range).varying)))
            server.respondHeadersOnly(stream, headers: Fields.failure)
        }
        try server.drain { _, _ in true }
        while server.nextEvent() != nil {}
        return found
    }

    private func strings(_ fields: borrowing HeaderFields) -> [String] {
        (0..<fields.count).map { "\(text(fields.name($0))): \(text(fields.value($0)))" }
    }

    private func text(_ span: Span<UInt8>) -> String {
        String(decoding: span.indices.map { span[$0] }, as: UTF8.self)
    }

    private func request(_ index: Int, _ block: [UInt8]) -> [UInt8] {
        let stream = UInt32(2 * index + 3)
        return RawFrame.headers(stream: stream, block: block)
            + RawFrame.data(stream: stream, [7], endStream: true)
    }

    private func spelt(_ value: String, tag: UInt8 = 0) -> [UInt8] {
        [tag] + RawFrame.literal(Self.name, value).dropFirst()
    }

    @Test("a value that is spelt and not added may differ", arguments: [0, 0x10] as [UInt8])
    func spelt(tag: UInt8) throws {
        var server = try opened()
        let values = ["9998m", "9997m", "1S", "12345678u"]
        let frames = values.enumerated().flatMap {
            request($0.offset, Self.plain + spelt($0.element, tag: tag) + [0x90])
        }
        let found = try lists(&server, frames)
        #expect(found.map { $0.fields[4] } == values.map { "\(Self.name): \($0)" })
        #expect(found[0].learnt == 0)
        #expect(found[1].learnt > 0)
        #expect(found.dropFirst().allSatisfy { $0.learnt == found[1].learnt && $0.isVarying })
        #expect(found.dropFirst().map(\.varying) == Array(values.dropFirst()))
    }

    @Test("nghttp2's client adds each value to the table, which turns over again and again")
    func addedByLibrary() throws {
        var options = SessionOptions()
        options.varyingField = VaryingField(Self.name)
        let calls = 1_000
        var outcomes: [[String]] = []
        var passed: [UInt64] = []
        for chunkBytes in [.max, 1] {
            var pair = SessionPair(chunkBytes: chunkBytes, server: options)
            for index in 0..<calls {
                let stream = pair.client.open(
                    headers: HeaderBlock([
                        (":method", "POST"), (":scheme", "http"), (":path", "/p"),
                        (":authority", "h"), ("te", "trailers"),
                        (Self.name, "\(9_000_000 + index * 7919)u"), ("token", "a long one"),
                    ]), endOfStream: false)
                if let stream {
                    pair.client.send(stream, pattern(1).span)
                    pair.client.endBody(stream)
                }
                if index % 7 == 0 { try pair.run { $0.answer($1) } }
            }
            try pair.run { $0.answer($1) }
            passed.append(pair.server.passedCount)
            outcomes.append(
                pair.serverSaw.compactMap { seen in
                    if case .headers(_, let fields, _) = seen { "\(fields)" } else { nil }
                })
        }
        #expect(outcomes[0].count == calls)
        #expect(passed[0] > 500 && passed[1] == 0)
        #expect(outcomes[0] == outcomes[1])
    }

    @Test("a client that adds each value is known all the while, but where its table turned over")
    func added() throws {
        var server = try opened()
        // As gRPC's clients do it: the name is added with the first call, named by index then.
        var frames = request(
            0,
            Self.plain + [0x40] + RawFrame.literal("user", "ann").dropFirst()
                + spelt("1000000u", tag: 0x40))
        let calls = 300
        for index in 1..<calls {
            // The user's index grows with each call; the newest field is the last timeout.
            let user = RawFrame.literal("user", "ann")
            let value = "\(1_000_000 + index)u"
            frames += request(
                index,
                Self.plain + (index < 60 ? [UInt8(0x80 | (62 + index))] : user)
                    + [0x7E, UInt8(value.utf8.count)] + Array(value.utf8))
        }
        let found = try lists(&server, frames)
        #expect(found.count == calls)
        for (index, list) in found.enumerated() {
            #expect(list.fields.suffix(2) == ["user: ann", "\(Self.name): \(1_000_000 + index)u"])
        }
        // The first two and the two after the change are decoded.
        #expect(found.count { $0.learnt == 0 } <= 4)
        #expect(found.count { $0.isVarying } >= calls - 4)
    }

    @Test("nghttp2 takes no offence at any number of additions without their calls")
    func manyAdditions() throws {
        var server = try opened()
        _ = try lists(&server, request(0, Self.plain + spelt("1000000u", tag: 0x40)))
        var index = 1
        for _ in 0..<400 {
            let frames = (0..<50).flatMap { _ in
                let value = "\(1_000_000 + index)u"
                defer { index += 1 }
                return request(
                    index, Self.plain + [0x7E, UInt8(value.utf8.count)] + Array(value.utf8))
            }
            let found = try lists(&server, frames)
            #expect(found.count == 50)
        }
        let passed = server.passedCount
        #expect(passed > 19_900)
        #expect(server.terminationCode == nil)
    }

    @Test("a value that the table has is one that may differ, too")
    func indexed() throws {
        var server = try opened()
        let found = try lists(
            &server,
            request(0, Self.plain + spelt("1S", tag: 0x40))
                + request(1, Self.plain + spelt("2S", tag: 0x40))
                + request(2, Self.plain + [0x80 | 63]) + request(3, Self.plain + [0x80 | 62])
                + request(4, Self.plain + spelt("3S", tag: 0x40))
                + request(5, Self.plain + [0x80 | 64]))
        #expect(found.map { $0.fields.last } == [1, 2, 1, 2, 3, 1].map { "\(Self.name): \($0)S" })
        #expect(found.dropFirst(2).allSatisfy { $0.learnt > 0 })
    }

    @Test("a field that has left the table is not taken for one that is there")
    func evicted() throws {
        var server = try opened()
        let named = Self.plain + [0x80 | 63, 0x80 | 62]
        _ = try lists(
            &server,
            request(
                0,
                Self.plain + [0x40] + RawFrame.literal("user", "ann").dropFirst()
                    + spelt("1S", tag: 0x40))
                + request(1, named) + request(2, named))
        // There is room for 26 of these.
        let change = (0..<27).flatMap { _ in
            [0x40] + RawFrame.literal("a", String(repeating: "x", count: 120)).dropFirst()
        }
        _ = try lists(&server, request(3, Self.plain + change))
        let found = try lists(&server, request(4, Self.plain + [0x80 | 90, 0x80 | 89]))
        #expect(found.isEmpty)
        let code = server.terminationCode
        #expect(code == 9)
    }

    @Test("a field that comes twice, or with a value that is no word, is decoded each time")
    func decoded() throws {
        var server = try opened()
        let blocks = [
            spelt("1S") + spelt("2S"), spelt("1 S"), spelt(String(repeating: "1", count: 16)),
        ].map { Self.plain + $0 }
        for (index, block) in blocks.enumerated() {
            let found = try lists(&server, (0..<4).flatMap { request(4 * index + $0, block) })
            #expect(found.allSatisfy { !$0.isVarying && $0.fields == found[0].fields })
        }
    }

    @Test("without such a field, values are part of the list")
    func none() throws {
        var server = ServerSession()
        _ = try lists(&server, RawFrame.preface + RawFrame.settings)
        let frames = ["1S", "2S", "1S", "2S"].enumerated().flatMap {
            request($0.offset, Self.plain + spelt($0.element))
        }
        let found = try lists(&server, frames)
        #expect(found.allSatisfy { !$0.isVarying })
        #expect(found[2].learnt > 0)
        #expect(found[3].learnt > 0)
        #expect(found[2].learnt != found[3].learnt)
    }
}

extension ServerSession {
    fileprivate mutating func answer(_ seen: Seen) {
        guard seen.isEnd, let stream = seen.stream else { return }
        respondHeadersOnly(stream, headers: Fields.failure)
    }
}
