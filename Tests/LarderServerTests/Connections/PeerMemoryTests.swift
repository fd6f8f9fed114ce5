import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderServer
import LarderService
import Testing

@Suite("Memory that peers may take")
struct PeerMemoryTests {
    private static let windowBytes = 64 << 10
    private static let valueBytes = 900 << 10

    private func makePair(waitingBytesMax: Int = 64 << 20) -> CallPair {
        var limits = Limits()
        limits.messageBytesMax = 1 << 20
        limits.uploadBytesMax = 2 << 20
        limits.waitingUploadBytesMax = waitingBytesMax
        var server = SessionOptions()
        server.initialWindowBytes = Self.windowBytes
        return CallPair(server: server, limits: limits)
    }

    private func set(_ key: UInt8) -> [UInt8] {
        framed(SetRequest(key: [key], value: .pattern(Self.valueBytes)).encoded())
    }

    @Test("half-sent requests take what is kept for them, and then one window each")
    func halfSent() throws {
        let pair = makePair()
        let streams = try (0..<8).map { key in
            try pair.open("Set", bytes: set(UInt8(key)).dropLast(), isEnded: false)
        }
        try pair.run()
        let uploads = pair.services.peerMemory
        #expect(uploads.uploadBytes >= Self.valueBytes)
        #expect(uploads.uploadBytes <= uploads.connectionUploadBytesMax + 8 * Self.windowBytes * 4)
        let unsent = pair.client.pendingBytes(streams[7])
        #expect(unsent > Self.valueBytes - 2 * Self.windowBytes)
        #expect(pair.client.pendingBytes(streams[0]) == 0)

        for key in 0..<8 {
            pair.send(streams[key], bytes: set(UInt8(key)).suffix(1), isEnded: true)
        }
        try pair.run()
        for stream in streams { #expect(pair.status(stream).isOK) }
        #expect(uploads.uploadBytes == 0)
        #expect(pair.isQuiet)
    }

    @Test("a request that waits goes on when one before it is given up")
    func givenUp() throws {
        let pair = makePair()
        let first = try pair.open("Set", bytes: set(0).dropLast(), isEnded: false)
        let second = try pair.open("Set", bytes: set(1))
        try pair.run()
        #expect(!pair.answer(second).isClosed)
        pair.client.reset(first, code: 8)
        try pair.run()
        pair.calls.admitWaiting()
        try pair.run()
        #expect(pair.status(second).isOK)
        #expect(pair.services.peerMemory.uploadBytes == 0)
    }

    @Test("what waits is bounded too: the call over it is refused")
    func tooManyWait() throws {
        let pair = makePair(waitingBytesMax: 3 * Self.windowBytes)
        let streams = try (0..<8).map { key in
            try pair.open("Set", bytes: set(UInt8(key)).dropLast(), isEnded: false)
        }
        try pair.run()
        let refused = streams.filter { pair.answer($0).isClosed }
        #expect(!refused.isEmpty && refused.count < 8)
        for stream in refused {
            #expect(pair.status(stream).code == .resourceExhausted)
            #expect(pair.answer(stream).errorInfo?.reason == "UPLOADS_FULL")
        }
        #expect(pair.services.defences.value(.uploadMemory) == UInt64(refused.count))
        #expect(pair.client.pendingBytes(streams[0]) == 0)
        for stream in streams { pair.client.reset(stream, code: 8) }
        try pair.run()
        #expect(pair.services.peerMemory.uploadBytes == 0)
    }

    @Test("a load's messages go on while others hold all that may be kept")
    func loadGoesOn() throws {
        let pair = makePair()
        let stuck = try pair.open("Set", bytes: set(0).dropLast(), isEnded: false)
        try pair.run()
        let load = try pair.open("BulkLoad", isEnded: false)
        pair.send(load, BulkLoadRequest(.start(BulkLoadStart(sessionID: "s"))))
        for key in 0..<200 {
            let entry = Entry(key: [1, UInt8(key)], value: .pattern(20_000))
            let batch = EntryBatch(firstIndex: UInt64(key), entries: [entry])
            pair.send(load, BulkLoadRequest(.batch(batch)))
        }
        pair.chunkBytes = { 7_001 }
        pair.client.endBody(load)
        try pair.run()
        #expect(pair.status(load).isOK)
        #expect(!pair.answer(stuck).isClosed)
    }

    @Test("small answers that nobody reads are bounded, and calls are answered again once read")
    func unreadAnswers() throws {
        var client = SessionOptions()
        client.initialWindowBytes = 1_000
        let pair = CallPair(client: client)
        let keys = (0..<1_000).map { [UInt8($0 >> 8), UInt8($0 & 255)] }
        for key in keys {
            try pair.store(String(decoding: key.map { $0 / 2 }, as: UTF8.self), .pattern(1_000))
        }
        pair.isReading = false
        let halves = keys.map { $0.map { $0 / 2 } }
        let streams = try (0..<40).map { _ in
            try pair.call("BatchGet", BatchGetRequest(keys: halves))
        }
        try pair.run()
        let refused = streams.filter { pair.answer($0).isTrailersOnly }
        #expect(!refused.isEmpty && refused.count < 40)
        for stream in refused {
            #expect(pair.answer(stream).errorInfo?.reason == "ANSWERS_UNREAD")
        }
        #expect(pair.services.defences.value(.unreadAnswers) == UInt64(refused.count))
        #expect(pair.pendingBodyBytes < 11 << 20)
        #expect(pair.services.peerMemory.unreadBytes >= pair.pendingBodyBytes)

        for stream in streams { pair.client.reset(stream, code: 8) }
        try pair.run()
        #expect(pair.services.peerMemory.unreadBytes == 0)
        pair.isReading = true
        let again = try pair.call("BatchGet", BatchGetRequest(keys: halves))
        try pair.run()
        #expect(pair.status(again).isOK)
    }

    @Test("large values in unread answers are bounded for the process")
    func pinnedValues() throws {
        var limits = Limits()
        limits.pinnedBytesMax = 8 << 20
        let pair = CallPair(limits: limits)
        let memory = pair.services.peerMemory
        let count = memory.pinnedBytesMax >> 20
        pair.isReading = false
        // Each is overwritten when it is on its way, so that nothing but its answer holds it.
        var streams: [StreamRef] = []
        for index in 0..<(count + 20) {
            try pair.store("k", [UInt8](repeating: UInt8(index & 255), count: 1 << 20))
            streams.append(try pair.call("Get", GetRequest(key: Array("k".utf8))))
            try pair.run()
        }
        let refused = streams.filter { pair.answer($0).isTrailersOnly }
        #expect(!refused.isEmpty && refused.count < 21)
        #expect(pair.status(refused[0]).code == .resourceExhausted)
        #expect(pair.services.defences.value(.egressMemory) == UInt64(refused.count))
        #expect(memory.pinned.bytes <= memory.pinnedBytesMax)
        // Small ones are no concern of this.
        let miss = try pair.call("Get", GetRequest(key: [0]))
        try pair.run()
        #expect(pair.status(miss).isOK || pair.answer(miss).body.isEmpty)

        for stream in streams { pair.client.reset(stream, code: 8) }
        try pair.run()
        #expect(memory.pinned.bytes == 0)
    }

    @Test("a value that many wait for counts once")
    func pinnedOnce() throws {
        let pair = CallPair()
        try pair.store("k", .pattern(1 << 20))
        pair.isReading = false
        let memory = pair.services.peerMemory
        let streams = try (0..<200).map { _ in
            try pair.call("Get", GetRequest(key: Array("k".utf8)))
        }
        try pair.run()
        #expect(memory.pinned.bytes == 1 << 20)
        #expect(!streams.contains { pair.answer($0).isTrailersOnly })
        for stream in streams { pair.client.reset(stream, code: 8) }
        try pair.run()
        #expect(memory.pinned.bytes == 0)
    }
}
