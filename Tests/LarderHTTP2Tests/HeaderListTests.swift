import LarderHTTP2
import Testing

@Suite("Header lists")
struct HeaderListTests {
    /// A request with `count` more fields of `valueBytes` each.
    private func request(fields count: Int, valueBytes: Int = 1) -> [(name: String, value: String)]
    {
        let value = String(repeating: "v", count: valueBytes)
        return [
            (":method", "POST"), (":scheme", "http"), (":path", "/x"), (":authority", "localhost"),
        ] + (0..<count).map { ("x-field-\($0)", value) }
    }

    /// Opens the request and answers what the server made of it.
    private func outcome(
        _ pair: inout SessionPair, _ fields: [(name: String, value: String)]
    ) throws -> [Seen] {
        let stream = pair.client.open(headers: fields, endOfStream: true)
        guard let stream else { return [] }
        try pair.run { server, seen in
            if seen.isEnd, let stream = seen.stream {
                server.respondHeadersOnly(stream, headers: Fields.failure)
            }
        }
        return pair.serverSaw(stream)
    }

    private func isTooLarge(_ seen: [Seen]) -> Bool {
        seen.contains { if case .headersTooLarge = $0 { true } else { false } }
    }

    @Test(
        "as many fields as allowed pass, one more does not, and the connection goes on",
        arguments: [1, .max])
    func fieldCount(chunkBytes: Int) throws {
        var options = SessionOptions()
        options.maxHeaderFields = 20
        var pair = SessionPair(chunkBytes: chunkBytes, server: options)
        for _ in 0..<3 {
            let fits = try outcome(&pair, request(fields: 16))
            #expect(!isTooLarge(fits))
            if case .headers(_, let fields, let end)? = fits.first {
                #expect(fields.count == 20)
                #expect(fields.last == "x-field-15: v")
                #expect(end)
            }
            let tooMany = try outcome(&pair, request(fields: 17))
            #expect(isTooLarge(tooMany))
            #expect(tooMany.count == 3)
        }
        let counters = pair.server.counters
        #expect(counters.headerListsRefused == 3)
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("bytes are counted with 32 a field", arguments: [1, .max])
    func byteCount(chunkBytes: Int) throws {
        let pseudo = 4 * 32 + 7 + 4 + 7 + 4 + 5 + 2 + 10 + 9
        var options = SessionOptions()
        options.maxHeaderListBytes = pseudo + 32 + 9 + 500
        var pair = SessionPair(chunkBytes: chunkBytes, server: options)
        let fits = try outcome(&pair, request(fields: 1, valueBytes: 500))
        #expect(!isTooLarge(fits))
        let tooLarge = try outcome(&pair, request(fields: 1, valueBytes: 501))
        #expect(isTooLarge(tooLarge))
        let again = try outcome(&pair, request(fields: 1, valueBytes: 500))
        #expect(!isTooLarge(again))
        let isQuiet = pair.isQuiet
        #expect(isQuiet)
    }

    @Test("the compression table stays in step over a refused list")
    func tableInStep() throws {
        var options = SessionOptions()
        options.maxHeaderFields = 10
        var pair = SessionPair(server: options)
        // The refused list fills the table that the next lists refer to.
        _ = try outcome(&pair, request(fields: 30, valueBytes: 20))
        let seen = try outcome(&pair, request(fields: 6, valueBytes: 20))
        guard case .headers(_, let fields, _)? = seen.first else {
            Issue.record("no headers")
            return
        }
        let value = String(repeating: "v", count: 20)
        #expect(fields.suffix(6) == (0..<6).map { "x-field-\($0): \(value)" }[...])
    }

    @Test("a bomb of one-byte references is refused without growing anything")
    func bomb() throws {
        var pair = SessionPair()
        // One large field into the table, then thousands of references to it.
        let large =
            [0x40, 1, UInt8(ascii: "a"), 0x7F, 0x81, 0x1E] + [UInt8](repeating: 98, count: 4000)
        let block = RawFrame.requestBlock + large + [UInt8](repeating: 0xBE, count: 10_000)
        try pair.serverReceive(
            RawFrame.preface + RawFrame.settings
                + RawFrame.headers(stream: 1, block: block, endStream: true)
                + RawFrame.headers(stream: 3, endStream: true))
        let streams = pair.serverSaw.compactMap(\.stream)
        #expect(streams.contains { $0.id == 3 })
        let ofFirst = pair.serverSaw.filter { $0.stream?.id == 1 }
        #expect(ofFirst.isEmpty || isTooLarge(ofFirst))
    }

    @Test("trailers over the bounds are told of, with the end of the stream")
    func largeTrailers() throws {
        var options = SessionOptions()
        options.maxHeaderFields = 8
        var pair = SessionPair(client: options)
        let stream = pair.client.open(headers: Fields.request, endOfStream: true)
        guard let stream else { return }
        let trailers = HeaderBlock((0..<9).map { ("x-\($0)", "v") })
        try pair.run { server, seen in
            guard seen.isEnd, let stream = seen.stream else { return }
            server.respond(stream, headers: Fields.ok, body: [1].span, trailers: trailers)
        }
        #expect(
            pair.clientSaw(stream).suffix(3) == [
                .headersTooLarge(stream), .end(stream), .closed(stream, 0),
            ])
    }

    @Test(
        "a list that is spread over reads and frames arrives whole", arguments: [1, 3, 100, .max])
    func continuation(chunkBytes: Int) throws {
        var pair = SessionPair(chunkBytes: chunkBytes)
        let fields =
            RawFrame.literal("x-first", "one") + RawFrame.literal("x-second", "two")
        let block = RawFrame.requestBlock + fields
        let cut = RawFrame.requestBlock.count + 5
        try pair.serverReceive(
            RawFrame.preface + RawFrame.settings + RawFrame.headers(stream: 1, endStream: true)
                + RawFrame.frame(type: 1, flags: 1, stream: 3, payload: Array(block[..<cut]))
                + RawFrame.frame(type: 9, flags: 4, stream: 3, payload: Array(block[cut...]))
                + RawFrame.headers(stream: 5, endStream: true))
        let plain = [":method: POST", ":scheme: http", ":path: /x", ":authority: localhost"]
        let lists = pair.serverSaw.compactMap { seen -> [String]? in
            if case .headers(_, let fields, true) = seen { fields } else { nil }
        }
        #expect(lists == [plain, plain + ["x-first: one", "x-second: two"], plain])
    }

    @Test("a list with a forbidden field resets its stream and leaves no trace in the next one")
    func malformed() throws {
        var pair = SessionPair()
        let bad =
            RawFrame.requestBlock + RawFrame.literal("x-a", "1")
            + RawFrame.literal("Upper", "2")
        try pair.serverReceive(
            RawFrame.preface + RawFrame.settings
                + RawFrame.headers(stream: 1, block: bad, endStream: true)
                + RawFrame.headers(stream: 3, endStream: true))
        #expect(pair.serverSaw.compactMap(\.stream?.id) == [3])
        _ = try pair.serverOutput()
        pair.takeServerEvents([])
        let counters = pair.server.counters
        #expect(counters.resetsSent == 1)
        // The caller never heard of it, so it hears of no end either.
        #expect(pair.serverSaw.compactMap(\.stream?.id) == [3])
        let used = pair.server.usedSlotCount
        #expect(used == 1)
    }

    @Test("blanks around a value and bytes beyond ASCII are let through")
    func lenientValues() throws {
        var pair = SessionPair()
        let block =
            RawFrame.requestBlock + RawFrame.literal("x-blank", " a ")
            + RawFrame.literal("x-wide", "é\t")
        try pair.serverReceive(
            RawFrame.preface + RawFrame.settings
                + RawFrame.headers(stream: 1, block: block, endStream: true))
        guard case .headers(_, let fields, _)? = pair.serverSaw.last else {
            Issue.record("no headers")
            return
        }
        #expect(fields.suffix(2) == ["x-blank:  a ", "x-wide: é\t"])
    }

    @Test("an interim answer is passed over")
    func interim() throws {
        var pair = SessionPair()
        let stream = pair.client.open(headers: Fields.request, endOfStream: true)
        guard let stream else { return }
        _ = try pair.clientOutput()
        try pair.clientReceive(
            RawFrame.settings
                + RawFrame.headers(stream: 1, block: RawFrame.literal(8, "103"))
                + RawFrame.headers(stream: 1, block: [0x88])
                + RawFrame.headers(
                    stream: 1, block: RawFrame.literal("grpc-status", "0"), endStream: true))
        #expect(
            pair.clientSaw(stream) == [
                .headers(stream, [":status: 200"], end: false),
                .trailers(stream, ["grpc-status: 0"]), .closed(stream, 0),
            ])
    }

    @Test("names are sent in lower case, and a block can be used by many sessions")
    func blocks() throws {
        let block = HeaderBlock(
            [(":status", "200"), ("Content-Type", "application/grpc"), ("x-empty", "")],
            isIndexed: false)
        for _ in 0..<2 {
            var pair = SessionPair()
            let stream = pair.client.open(headers: Fields.request, endOfStream: true)
            guard let stream else { return }
            try pair.run { server, seen in
                if seen.isEnd, let stream = seen.stream {
                    server.respondHeadersOnly(stream, headers: block)
                }
            }
            let expected = [":status: 200", "content-type: application/grpc", "x-empty: "]
            #expect(pair.clientSaw.contains(.headers(stream, expected, end: true)))
        }
    }
}
