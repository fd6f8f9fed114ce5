import LarderHTTP2
import Testing

@Suite("Header blocks that came before")
struct BlockMemoTests {
    private static let compressionError: UInt32 = 9
    /// `:method`, `:scheme`, `:path: /p`, `:authority: h`: nothing is added to the table.
    private static let plain: [UInt8] =
        [0x83, 0x86] + RawFrame.literal(4, "/p") + RawFrame.literal(1, "h")
    /// The first field of the dynamic table.
    private static let newest: UInt8 = 0x80 | 62
    /// Names that field.
    private static let user = plain + [newest]

    /// A literal with a new name that is added to the table.
    private static func added(_ name: String, _ value: String) -> [UInt8] {
        [0x40] + RawFrame.literal(name, value).dropFirst()
    }

    /// The number and the fields of each list, of sessions that get the frames in one read each.
    private func lists(
        _ server: inout ServerSession, _ frames: [UInt8]
    ) throws -> [(learnt: Int, fields: [String])] {
        var found: [(learnt: Int, fields: [String])] = []
        try server.receive(frames.span)
        while let event = server.nextEvent() {
            guard case .headers(let stream, let range, _) = event else { continue }
            found.append((range.learnt, strings(server.fields(range))))
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

    private func opened() throws -> ServerSession {
        var server = ServerSession()
        _ = try lists(&server, RawFrame.preface + RawFrame.settings)
        return server
    }

    /// Has had `user` twice, which stands for `ann` until the table changes.
    private func openedByAnn() throws -> ServerSession {
        var server = try opened()
        let ann = request(1, Self.plain + Self.added("user", "ann"))
        _ = try lists(&server, ann + request(3, Self.user) + request(5, Self.user))
        return server
    }

    private func request(_ stream: UInt32, _ block: [UInt8]) -> [UInt8] {
        RawFrame.headers(stream: stream, block: block)
            + RawFrame.data(stream: stream, [7], endStream: true)
    }

    @Test("a block that comes again has the same number and the same fields")
    func again() throws {
        var server = try opened()
        let first = try lists(&server, request(1, Self.plain))
        #expect(first.map(\.learnt) == [0])
        let next = try lists(&server, request(3, Self.plain) + request(5, Self.plain))
        let later = try lists(&server, request(7, Self.plain))
        #expect(next.allSatisfy { $0.learnt > 0 && $0.learnt == next[0].learnt })
        #expect(later.map(\.learnt) == [next[0].learnt])
        #expect((next + later).map(\.fields) == [[String]](repeating: first[0].fields, count: 3))
        let counters = server.counters
        #expect(counters.headersReceived == 4)
        #expect(counters.streamsOpened == 4)
        #expect(counters.streamsClosed == 4)
    }

    @Test("blocks that name fields of the dynamic table are known until it changes")
    func tableChanges() throws {
        var server = try opened()
        let user = Self.plain + [Self.newest]
        let first = try lists(
            &server,
            request(1, Self.plain + Self.added("user", "ann")) + request(3, user)
                + request(5, user))
        #expect(first.map(\.fields.last) == ["user: ann", "user: ann", "user: ann"])
        #expect(first[2].learnt > 0)
        let second = try lists(
            &server,
            request(7, Self.plain + Self.added("user", "bob")) + request(9, user)
                + request(11, user))
        #expect(second.map(\.fields.last) == ["user: bob", "user: bob", "user: bob"])
        #expect(second[1].learnt == 0)
        #expect(second[2].learnt > 0)
        #expect(second[2].learnt != first[2].learnt)
    }

    @Test("the table may change in any frame that carries a block", arguments: 0..<5)
    func changesElsewhere(way: Int) throws {
        var server = try openedByAnn()
        let user = Self.user
        let change = Self.plain + Self.added("user", "bob")
        let frames: [UInt8] =
            switch way {
            case 0:  // padded
                RawFrame.frame(type: 1, flags: 0xD, stream: 7, payload: [1] + change + [0])
            case 1:  // with a priority
                RawFrame.frame(
                    type: 1, flags: 0x25, stream: 7, payload: [0, 0, 0, 0, 1] + change)
            case 2:  // in two frames
                RawFrame.frame(type: 1, flags: 1, stream: 7, payload: Array(change.prefix(9)))
                    + RawFrame.frame(type: 9, flags: 4, stream: 7, payload: Array(change[9...]))
            case 3:  // on a stream that is refused for what it is
                request(7, [0x83, 0x83] + Self.added("user", "bob"))
            default:  // as trailers
                RawFrame.headers(stream: 7, block: Self.plain)
                    + RawFrame.headers(
                        stream: 7, block: Self.added("user", "bob"), endStream: true)
            }
        let after = try lists(&server, frames + request(9, user) + request(11, user))
        #expect(after.suffix(2).map(\.fields.last) == ["user: bob", "user: bob"])
    }

    @Test("the trailers of a call that goes past nghttp2 change the table as well")
    func trailersChange() throws {
        var server = try openedByAnn()
        let user = Self.user
        let change =
            RawFrame.headers(stream: 7, block: user) + RawFrame.data(stream: 7, [7])
            + RawFrame.headers(stream: 7, block: Self.added("user", "bob"), endStream: true)
        let other =
            RawFrame.headers(stream: 17, block: Self.plain)
            + RawFrame.headers(stream: 17, block: Self.added("user", "cid"), endStream: true)
        let first = try lists(&server, change + request(11, user))
        #expect(first.map(\.fields.last) == ["user: ann", "user: bob"])
        _ = try lists(&server, request(13, Self.plain) + request(15, Self.plain))
        let second = try lists(&server, other + request(19, user))
        #expect(second.map(\.fields.last) == [":authority: h", "user: cid"])
    }

    @Test("a torn frame changes the table as well", arguments: [1, 8, 9, 10, 40])
    func tornChange(cut: Int) throws {
        var server = try openedByAnn()
        let user = Self.user
        let change = request(7, Self.plain + Self.added("user", "bob"))
        _ = try lists(&server, Array(change.prefix(cut)))
        let after = try lists(
            &server, Array(change.dropFirst(cut)) + request(9, user) + request(11, user))
        #expect(after.suffix(2).map(\.fields.last) == ["user: bob", "user: bob"])
    }

    @Test("a smaller table forgets what blocks named")
    func smallerTable() throws {
        var server = try openedByAnn()
        let user = Self.user
        _ = try lists(&server, request(7, [0x20] + Self.plain))
        _ = try lists(&server, request(9, user))
        _ = try server.receive(request(11, user).span)
        let code = server.terminationCode
        #expect(code == Self.compressionError)
    }

    @Test("a length that is promised is held against each body")
    func contentLength() throws {
        var server = try opened()
        let block = Self.plain + RawFrame.literal("content-length", "1")
        for id in stride(from: UInt32(1), to: 11, by: 2) {
            let frames =
                RawFrame.headers(stream: id, block: block)
                + RawFrame.data(stream: id, [1, 2], endStream: true)
            let found = try lists(&server, frames)
            #expect(found.map(\.learnt) == [0])
        }
        let resets = server.counters.resetsSent
        #expect(resets == 5)
    }

    @Test("lists of one receive keep their fields when others are learnt behind them")
    func manyLists() throws {
        var server = try opened()
        let blocks = (0..<7).map { Self.plain + RawFrame.literal("number", "\($0)") }
        var id: UInt32 = 1
        for round in 0..<20 {
            var frames: [UInt8] = []
            var wanted: [String] = []
            for index in 0..<7 where (index * 5 + round) % 7 < 5 {
                frames += request(id, blocks[index])
                wanted.append("number: \(index)")
                id += 2
            }
            let found = try lists(&server, frames)
            #expect(found.map(\.fields.last) == wanted)
        }
    }

    @Test("an idle session lets go of its lists, and numbers are not used twice")
    func rest() throws {
        var server = try opened()
        let before = try lists(&server, request(1, Self.plain) + request(3, Self.plain))
        let rested = server.rest()
        #expect(rested)
        let after = try lists(&server, request(5, Self.plain) + request(7, Self.plain))
        #expect(after[0].learnt == 0)
        #expect(after[1].learnt > before[1].learnt)
        #expect(after[1].fields == before[1].fields)
    }
}
