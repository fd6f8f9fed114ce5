import LarderHTTP2
import Testing

@Suite("The memory that the sessions of a loop share")
struct SessionMemoryTests {
    /// Runs `count` requests with bodies of `bodyBytes` both ways and drops the session.
    private func converse(_ memory: SessionMemory, count: Int, bodyBytes: Int) throws {
        var pair = SessionPair(memory: memory)
        let body = pattern(bodyBytes)
        var streams: [StreamRef] = []
        for _ in 0..<count {
            let stream = pair.client.open(
                headers: Fields.request, body: body.span, endOfStream: true)
            if let stream { streams.append(stream) }
        }
        try pair.run { server, seen in
            if let stream = seen.stream, case .data(_, let bytes, _) = seen {
                server.consume(stream, bytes.count)
            }
            guard seen.isEnd, let stream = seen.stream else { return }
            server.respond(
                stream, headers: Fields.ok, body: body.span, trailers: Fields.trailers)
        }
        #expect(streams.count == count)
        for stream in streams { #expect(pair.clientBody(stream) == body) }
    }

    @Test("blocks are used again: a second conversation like the first keeps no more")
    func reuse() throws {
        let memory = SessionMemory()
        try converse(memory, count: 50, bodyBytes: 100)
        let kept = memory.keptBytes
        #expect(kept > 0)
        for _ in 0..<20 { try converse(memory, count: 50, bodyBytes: 100) }
        #expect(memory.keptBytes == kept)
    }

    @Test("what is kept is bounded, whatever a burst has taken")
    func bound() throws {
        let memory = SessionMemory()
        for _ in 0..<4 { try converse(memory, count: 900, bodyBytes: 1_000) }
        #expect(memory.keptBytes > 0)
        #expect(memory.keptBytes <= SessionMemory.keptBytesMax)
        memory.letGo()
        #expect(memory.keptBytes == 0)
        try converse(memory, count: 50, bodyBytes: 100)
    }

    @Test("a session with open streams gives all back when it is dropped")
    func dropped() throws {
        let memory = SessionMemory()
        for _ in 0..<3 {
            var pair = SessionPair(memory: memory)
            for _ in 0..<100 {
                _ = pair.client.open(headers: Fields.request, endOfStream: false)
            }
            try pair.run()
            let open = pair.server.openStreamCount
            #expect(open == 100)
        }
        let kept = memory.keptBytes
        var pair = SessionPair(memory: memory)
        for _ in 0..<100 { _ = pair.client.open(headers: Fields.request, endOfStream: false) }
        try pair.run()
        #expect(memory.keptBytes < kept)
    }
}
