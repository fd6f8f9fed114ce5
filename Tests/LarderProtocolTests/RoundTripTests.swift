import LarderProtocol
import Testing

/// A kind of message that can be made, encoded and decoded.
struct MessageKind: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// Makes one, encodes and decodes it, and tells whether it came back.
    let survives: @Sendable (inout Seeded) throws -> Bool
    let encoded: @Sendable (inout Seeded) -> [UInt8]
    /// Decodes and encodes again.
    let again: @Sendable ([UInt8]) throws(WireError) -> [UInt8]

    init<Message: WireMessage>(_ make: @escaping @Sendable (inout Seeded) -> Message) {
        testDescription = "\(Message.self)"
        survives = { random in
            let message = make(&random)
            return try Message(decoding: message.encoded().span) == message
        }
        encoded = { random in make(&random).encoded() }
        again = { bytes throws(WireError) in try Message(decoding: bytes.span).encoded() }
    }

    static let all: [MessageKind] = [
        MessageKind(Samples.lease), MessageKind(Samples.getRequest),
        MessageKind(Samples.getResponse), MessageKind(Samples.setRequest),
        MessageKind(Samples.setResponse), MessageKind(Samples.deleteRequest),
        MessageKind(Samples.deleteResponse), MessageKind(Samples.batchGetRequest),
        MessageKind(Samples.batchGetResponse), MessageKind(Samples.entry),
        MessageKind(Samples.entryBatch), MessageKind(Samples.bulkLoadStart),
        MessageKind(Samples.bulkLoadRequest), MessageKind(Samples.bulkLoadResponse),
        MessageKind(Samples.exportRequest), MessageKind(Samples.exportResponse),
        MessageKind { _ in GetLimitsRequest() }, MessageKind(Samples.getLimitsResponse),
        MessageKind { random in HealthCheckRequest(service: random.text()) },
        MessageKind { random in
            HealthCheckResponse(status: ServingStatus(rawValue: random.int32()))
        },
        MessageKind { _ in HealthListRequest() }, MessageKind(Samples.healthListResponse),
        MessageKind(Samples.errorInfo), MessageKind(Samples.rpcStatus),
        MessageKind(Samples.reflectionRequest), MessageKind(Samples.reflectionResponse),
        MessageKind(Samples.touchRequest), MessageKind(Samples.touchResponse),
        MessageKind(Samples.incrementRequest), MessageKind(Samples.incrementResponse),
        MessageKind(Samples.operation), MessageKind(Samples.pipelineRequest),
        MessageKind(Samples.operationResult), MessageKind(Samples.pipelineResponse),
    ]
}

@Suite("Messages")
struct RoundTripTests {
    @Test("what is encoded is decoded again", arguments: MessageKind.all)
    func roundTrip(kind: MessageKind) throws {
        var random = Seeded(1)
        for _ in 0..<200 {
            let survived = try kind.survives(&random)
            #expect(survived)
        }
    }

    @Test(
        "a message cut short is refused, unless it ends between two fields",
        arguments: MessageKind.all)
    func everyTruncation(kind: MessageKind) throws {
        var random = Seeded(2)
        for _ in 0..<20 {
            let whole = kind.encoded(&random)
            let boundaries = try fieldBoundaries(whole)
            for end in 0..<whole.count {
                let cut = Array(whole[..<end])
                if boundaries.contains(end) {
                    #expect(throws: Never.self) { try kind.again(cut) }
                } else {
                    #expect(throws: WireError.self) { try kind.again(cut) }
                }
            }
        }
    }

    @Test("damage is decoded or refused, and never traps", arguments: MessageKind.all)
    func damage(kind: MessageKind) throws {
        var random = Seeded(3)
        for _ in 0..<200 {
            var bytes = kind.encoded(&random)
            guard !bytes.isEmpty else { continue }
            for _ in 0...random.choose(3) {
                bytes[random.choose(bytes.count)] ^= 1 << UInt8(random.choose(8))
            }
            if let once = try? kind.again(bytes) {
                // What came out is canonical, so it comes out of itself again.
                #expect(try kind.again(once) == once)
            }
        }
    }

    @Test("random bytes are decoded or refused, and never trap", arguments: MessageKind.all)
    func noise(kind: MessageKind) {
        var random = Seeded(4)
        for _ in 0..<500 {
            _ = try? kind.again(random.bytes())
        }
    }

    private func fieldBoundaries(_ bytes: [UInt8]) throws(WireError) -> Set<Int> {
        var boundaries: Set<Int> = [0]
        var reader = WireReader(bytes.span)
        while let tag = try reader.nextTag() {
            try reader.skip(tag)
            boundaries.insert(reader.offset)
        }
        return boundaries
    }
}
