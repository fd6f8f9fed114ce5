import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderService

/// What a client has heard of one call.
struct Heard {
    var fields: [(name: String, value: String)] = []
    var result = CallResult()
    /// Header lists: one, or two when messages came between them.
    var blockCount = 0
    var body: [UInt8] = []
    var isEnded = false
    var isClosed = false
    var resetCode: UInt32?

    var status: Status { result.status(resetCode: resetCode) }

    /// The answer is one header list that ends the stream.
    var isTrailersOnly: Bool { blockCount == 1 && isEnded && body.isEmpty }

    func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// The messages that have come whole.
    var messages: [[UInt8]] {
        var messages: [[UInt8]] = []
        var offset = 0
        while offset + 5 <= body.count {
            let count = body[(offset + 1)..<(offset + 5)].reduce(0) { $0 << 8 | Int($1) }
            guard body[offset] == 0, offset + 5 + count <= body.count else { break }
            messages.append(Array(body[(offset + 5)..<(offset + 5 + count)]))
            offset += 5 + count
        }
        return messages
    }

    func messages<Message: WireMessage>(as: Message.Type = Message.self) throws -> [Message] {
        try messages.map { try Message(decoding: $0.span) }
    }

    /// The one message of an answer that went well.
    func message<Message: WireMessage>(as: Message.Type = Message.self) throws -> Message {
        let all = try messages(as: Message.self)
        guard status.isOK, all.count == 1 else { throw NoMessage(status: status) }
        return all[0]
    }

    /// What the status tells to programs.
    var errorInfo: ErrorInfo? {
        let bytes = status.detailsBytes
        return try? RPCStatus(decoding: bytes.span).errorInfo
    }

    struct NoMessage: Error { let status: Status }
}

/// What a client has heard on one connection.
struct Hearing {
    struct GoAway {
        let lastStreamID: Int32
        let code: UInt32
    }

    private var heard: [StreamRef: Heard] = [:]
    private(set) var goAways: [GoAway] = []

    mutating func began(_ stream: StreamRef) { heard[stream] = Heard() }

    func answer(_ stream: StreamRef) -> Heard { heard[stream] ?? Heard() }

    var endedCount: Int { heard.values.count { $0.isClosed } }

    /// Takes the session's events; data events point into `input`.
    mutating func take(_ client: inout ClientSession, _ input: [UInt8], isReading: Bool) {
        while let event = client.nextEvent() {
            switch event {
            case .headers(let stream, let range, let isEnded):
                record(client.fields(range), of: stream, isEnded: isEnded)
            case .trailers(let stream, let range):
                record(client.fields(range), of: stream, isEnded: true)
            case .data(let stream, let range, let flowBytes, let isEnded):
                heard[stream]?.body += input[range]
                if isEnded { heard[stream]?.isEnded = true }
                if isReading { client.consume(stream, flowBytes) }
            case .endOfStream(let stream): heard[stream]?.isEnded = true
            case .reset(let stream, let code): heard[stream]?.resetCode = code
            case .closed(let stream, _): heard[stream]?.isClosed = true
            case .goAway(let last, let code):
                goAways.append(GoAway(lastStreamID: last, code: code))
            case .headersTooLarge, .bodyLow, .settingsReceived, .settingsAcknowledged,
                .pingAcknowledged:
                break
            }
        }
    }

    private mutating func record(
        _ list: borrowing HeaderFields, of stream: StreamRef, isEnded: Bool
    ) {
        guard var answer = heard[stream] else { return }
        for index in 0..<list.count {
            answer.result.record(name: list.name(index), value: list.value(index))
            answer.fields.append((text(list.name(index)), text(list.value(index))))
        }
        answer.result.headersEnded(endOfStream: isEnded)
        answer.blockCount += 1
        if isEnded { answer.isEnded = true }
        heard[stream] = answer
    }
}

/// Numbers that are the same in every run.  Source: Vigna, splitmix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

extension [UInt8] {
    /// Bytes that tell their place and their seed, so that a wrong one is seen.
    static func pattern(_ count: Int, seed: Int = 0) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ seed &* 7) &* 31 &+ ($0 >> 8)) }
    }
}
