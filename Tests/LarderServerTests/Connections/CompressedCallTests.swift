import LarderGRPC
import LarderProtocol
import LarderServer
import LarderService
import Testing

@Suite("Compressed messages")
struct CompressedCallTests {
    static let encodings: [MessageEncoding] = [.gzip, .deflate]

    /// A message behind its prefix, compressed.
    private func packed(_ message: [UInt8], _ encoding: MessageEncoding) -> [UInt8] {
        var deflater = Deflater()
        deflater.begin(encoding, messageBytes: message.count, always: true)
        deflater.append(message.span)
        precondition(deflater.finish(), "what is packed in any case is packed")
        var bytes: [UInt8] = []
        append(deflater.deflated, to: &bytes)
        return [1] + framed(bytes).dropFirst()
    }

    private func says(_ encoding: MessageEncoding) -> [Field] {
        [(name: "grpc-encoding", value: encoding.name)]
    }

    /// The messages of an answer, unpacked; how many came compressed.
    private func unpacked(_ answer: Heard) throws -> (messages: [[UInt8]], compressedCount: Int) {
        let name = answer.field("grpc-encoding") ?? "identity"
        let encoding = try #require(MessageEncoding.allCases.first { $0.name == name })
        var deframer = MessageDeframer(
            messageBytesMax: .max, takesCompressed: encoding != .identity)
        var inflater = Inflater()
        var found: (messages: [[UInt8]], compressedCount: Int) = ([], 0)
        var offset = 0
        while let message = try deframer.next(answer.body.span, at: &offset) {
            var bytes: [UInt8] = []
            append(deframer.bytes(of: message, in: answer.body.span), to: &bytes)
            if deframer.isCompressed {
                found.compressedCount += 1
                bytes = try inflater.inflate(bytes.span, as: encoding, bytesMax: 64 << 20)
            }
            found.messages.append(bytes)
        }
        return found
    }

    private func pairThatCompresses() -> CallPair { CallPair(compression: true) }

    @Test("a compressed request is taken, however it is cut", arguments: encodings)
    func request(_ encoding: MessageEncoding) throws {
        let value: [UInt8] = .pattern(300_000)
        let request = packed(SetRequest(key: [1], value: value).encoded(), encoding)
        for chunkBytes in [Int.max, 1_000, 7] {
            let pair = CallPair()
            pair.chunkBytes = { chunkBytes }
            let set = try pair.open("Set", bytes: request, metadata: says(encoding))
            try pair.run()
            #expect(pair.status(set).isOK)
            #expect(pair.answer(set).field("grpc-encoding") == nil)
            let get = try pair.call("Get", GetRequest(key: [1]))
            try pair.run()
            #expect(try pair.answer(get).message(as: GetResponse.self).value == value)
            #expect(pair.services.peerMemory.uploadBytes == 0)
            #expect(pair.isQuiet)
        }
    }

    @Test("a call that names a compression may send some messages without it")
    func mixed() throws {
        let pair = CallPair()
        let plain = try pair.open(
            "Get", bytes: framed(GetRequest(key: [1]).encoded()), metadata: says(.gzip))
        let start = BulkLoadRequest(.start(BulkLoadStart(sessionID: "s", ackEvery: 1)))
        let load = try pair.open(
            "BulkLoad", bytes: framed(start.encoded()), isEnded: false,
            metadata: says(.gzip))
        for index in 0..<4 as Range<UInt64> {
            let key = UInt8(index)
            let batch = EntryBatch(
                firstIndex: index, entries: [Entry(key: [key], value: .pattern(2_000))])
            let message = BulkLoadRequest(.batch(batch)).encoded()
            pair.send(
                load, bytes: index % 2 == 0 ? packed(message, .gzip) : framed(message),
                isEnded: index == 3)
            try pair.run()
        }
        #expect(pair.status(plain).isOK)
        #expect(pair.status(load).isOK)
        let last = try #require(try pair.answer(load).messages(as: BulkLoadResponse.self).last)
        #expect(last.stored == 4)
        #expect(pair.isQuiet)
    }

    @Test("flag 1 in a call that names no compression is INTERNAL", arguments: ["", "identity"])
    func withoutEncoding(_ name: String) throws {
        let pair = CallPair()
        let metadata: [Field] = name.isEmpty ? [] : [(name: "grpc-encoding", value: name)]
        for method in ["Get", "Export", "BulkLoad"] {
            let stream = try pair.open(
                method, bytes: packed(GetRequest(key: [1]).encoded(), .gzip), metadata: metadata)
            try pair.run()
            #expect(pair.status(stream).code == .internal)
            #expect(pair.answer(stream).errorInfo?.reason == "MESSAGE_FLAG")
        }
        #expect(pair.isQuiet)
    }

    @Test("a message that cannot be unpacked is INTERNAL", arguments: encodings)
    func corrupt(_ encoding: MessageEncoding) throws {
        let pair = CallPair()
        let good = Array(packed(GetRequest(key: [1, 2, 3]).encoded(), encoding).dropFirst(5))
        for method in ["Get", "Export", "BulkLoad"] {
            for bad in [[], [1, 2, 3], Array(good.dropLast()), good + [0]] {
                let stream = try pair.open(
                    method, bytes: [1] + framed(bad).dropFirst(), metadata: says(encoding))
                try pair.run()
                #expect(pair.status(stream).code == .internal)
                #expect(pair.answer(stream).errorInfo?.reason == "MESSAGE_COMPRESSION")
            }
        }
        #expect(pair.isQuiet)
    }

    @Test("a bomb is RESOURCE_EXHAUSTED and names the limit", arguments: encodings)
    func bomb(_ encoding: MessageEncoding) throws {
        var limits = Limits()
        limits.messageBytesMax = 1 << 20
        let pair = CallPair(limits: limits)
        let bytes = packed([UInt8](repeating: 0, count: 20 << 20), encoding)
        for method in ["Set", "Export", "BulkLoad"] {
            let stream = try pair.open(method, bytes: bytes, metadata: says(encoding))
            try pair.run()
            #expect(pair.status(stream).code == .resourceExhausted)
            let info = try #require(pair.answer(stream).errorInfo)
            #expect(info.reason == "MESSAGE_TOO_LARGE")
            #expect(
                info.metadata == [
                    .init(key: "limit", value: "1048576"),
                    .init(key: "setting", value: "server.max-message-bytes"),
                ])
        }
        #expect(pair.services.peerMemory.uploadBytes == 0)
        #expect(pair.isQuiet)
    }

    @Test("who makes the server unpack much from little has to wait", arguments: encodings)
    func bombs(_ encoding: MessageEncoding) throws {
        let pair = CallPair()
        let value = [UInt8](repeating: 0, count: 1 << 20)
        let bomb = packed(SetRequest(key: [1], value: value).encoded(), encoding)
        func set(_ bytes: [UInt8]) throws -> StatusCode {
            let stream = try pair.open("Set", bytes: bytes, metadata: says(encoding))
            try pair.run()
            return pair.status(stream).code
        }
        var takenCount = 0
        while takenCount < 100, try set(bomb) == .ok { takenCount += 1 }
        // A little more than may be owed, for what came in pays for some.
        #expect((17...24).contains(takenCount))
        #expect(pair.services.defences.value(.inflateFlood) == 1)
        // Those that cannot be unpacked to their end are no cheaper.
        let load = try pair.open("BulkLoad", bytes: bomb.dropLast(), metadata: says(encoding))
        try pair.run()
        #expect(pair.status(load).code == .internal)
        let stream = try pair.open("BulkLoad", bytes: bomb, metadata: says(encoding))
        try pair.run()
        #expect(pair.answer(stream).errorInfo?.reason == "INFLATED_TOO_MUCH")
        #expect(pair.services.defences.value(.inflateFlood) == 2)
        // What is not compressed goes on, and with time the rest, too.
        #expect(try set(framed(SetRequest(key: [2], value: [1]).encoded())) == .ok)
        pair.nowNanos += 200_000_000
        #expect(try set(bomb) == .ok)
        #expect(pair.isQuiet)
    }

    @Test("broken bombs owe for what was unpacked of them")
    func brokenBombs() throws {
        let pair = CallPair()
        var bomb = packed([UInt8](repeating: 0, count: 4 << 20), .gzip)
        bomb[bomb.count - 6] ^= 1
        for _ in 0..<10 {
            _ = try pair.open("Get", bytes: bomb, metadata: says(.gzip))
            try pair.run()
        }
        #expect(pair.services.defences.value(.inflateFlood) == 5)
        #expect(pair.services.peerMemory.uploadBytes == 0)
    }

    @Test("what shrinks as text does is never too much")
    func wellPacked() {
        var budget = InflateBudget()
        for _ in 0..<1_000 {
            let isSpent = budget.isSpent(nowNanos: 1)
            #expect(!isSpent)
            budget.record(packedBytes: 1 << 16, unpackedBytes: 1 << 21)
        }
    }

    @Test("an answer is compressed for a caller who accepts it, if the server is to")
    func answers() throws {
        for (accepted, expected) in [
            ("identity, deflate, gzip", "gzip"), ("deflate", "deflate"), ("identity", nil),
            ("zstd", nil),
        ] {
            for isOn in [true, false] {
                let pair = CallPair(compression: isOn)
                let value: [UInt8] = .pattern(100_000)
                try pair.store("k", value)
                let get = try pair.open(
                    "Get", bytes: framed(GetRequest(key: Array("k".utf8)).encoded()),
                    metadata: [(name: "grpc-accept-encoding", value: accepted)])
                try pair.run()
                let answer = pair.answer(get)
                let found = try unpacked(answer)
                #expect(answer.field("grpc-encoding") == (isOn ? expected : nil))
                #expect(found.compressedCount == (isOn && expected != nil ? 1 : 0))
                let message = try #require(found.messages.first)
                #expect(try GetResponse(decoding: message.span).value == value)
                #expect(pair.status(get).isOK)
                #expect(pair.isQuiet)
            }
        }
    }

    @Test("what is small or does not shrink is sent as it is")
    func noGain() throws {
        let pair = pairThatCompresses()
        var generator = SeededGenerator(seed: 3)
        let noise = (0..<50_000).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        try pair.store("noise", noise)
        try pair.store("small", .pattern(900))
        for key in ["noise", "small"] {
            let get = try pair.open(
                "Get", bytes: framed(GetRequest(key: Array(key.utf8)).encoded()),
                metadata: [(name: "grpc-accept-encoding", value: "gzip")])
            try pair.run()
            #expect(try unpacked(pair.answer(get)).compressedCount == 0)
            #expect(pair.status(get).isOK)
        }
        #expect(pair.isQuiet)
    }

    @Test("an export is compressed message by message, and is the same")
    func exports() throws {
        let pair = pairThatCompresses()
        for index in 0..<500 { try pair.store("key-\(index)", .pattern(index * 10)) }
        var bodies: [Int] = []
        for accepted in ["identity", "gzip", "deflate"] {
            let export = try pair.open(
                "Export", bytes: framed(ExportRequest().encoded()),
                metadata: [(name: "grpc-accept-encoding", value: accepted)])
            try pair.run()
            let answer = pair.answer(export)
            #expect(answer.status.isOK)
            let found = try unpacked(answer)
            #expect((found.compressedCount > 0) == (accepted != "identity"))
            var count = 0
            for message in found.messages {
                for entry in try ExportResponse(decoding: message.span).entries {
                    let index = try #require(
                        Int(String(decoding: entry.key, as: UTF8.self).dropFirst(4)))
                    #expect(entry.value == .pattern(index * 10))
                    count += 1
                }
            }
            #expect(count == 500)
            bodies.append(answer.body.count)
        }
        #expect(bodies[1] < bodies[0] / 2)
        #expect(bodies[2] < bodies[0] / 2)
        #expect(pair.isQuiet)
    }

    @Test("a loop's calls share its streams and nothing else")
    func interleaved() throws {
        let pair = pairThatCompresses()
        try pair.store("k", .pattern(40_000))
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<60 {
            let request = GetRequest(key: Array("k".utf8)).encoded()
            let encoding = MessageEncoding.allCases.randomElement(using: &generator) ?? .gzip
            let accepted = MessageEncoding.allCases.randomElement(using: &generator) ?? .gzip
            let get = try pair.open(
                "Get", bytes: encoding == .identity ? framed(request) : packed(request, encoding),
                metadata: says(encoding) + [(name: "grpc-accept-encoding", value: accepted.name)])
            try pair.run()
            let found = try unpacked(pair.answer(get))
            #expect(found.compressedCount == (accepted == .identity ? 0 : 1))
            let message = try #require(found.messages.first)
            #expect(try GetResponse(decoding: message.span).value == .pattern(40_000))
        }
        #expect(pair.isQuiet)
    }
}
