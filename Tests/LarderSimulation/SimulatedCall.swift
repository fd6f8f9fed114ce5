import LarderGRPC
import LarderHTTP2
import LarderProtocol

/// One call of a client: what it asks, how far that has been sent, and what has been heard of it.
final class SimulatedCall {
    enum Request {
        case get(GetRequest)
        case set(SetRequest)
        case delete(DeleteRequest)
        case batchGet(BatchGetRequest)
        case load(LoadPart)
        /// The operations of each message.
        case pipeline([[Operation]])
        case export(ExportRequest)
        case limits
        case health
        case watch
        /// A request that has to be refused in one of these ways.
        case wrong([StatusCode])
    }

    let number: Int
    let request: Request
    let path: String
    let body: [UInt8]
    /// Where in the body its messages end.
    let messageEnds: [Int]
    let timeoutNanos: UInt64?

    var stream: StreamRef?
    var sentBytes = 0
    var isEnded = false
    var isCancelled = false
    var heard = Heard()

    /// How much of the body has come to the server.
    var arrivedBytes = 0
    var arrivedMessages = 0

    init(
        number: Int, _ method: String, _ request: Request, messages: [[UInt8]],
        timeoutNanos: UInt64? = nil
    ) {
        self.number = number
        self.request = request
        self.timeoutNanos = timeoutNanos
        path = method.contains("/") ? method : "/larder.v1.CacheService/\(method)"
        var body: [UInt8] = []
        var ends: [Int] = []
        for message in messages {
            let prefix = MessagePrefix.encode(messageBytes: UInt32(message.count))
            for index in prefix.indices { body.append(prefix[index]) }
            body += message
            ends.append(body.count)
        }
        self.body = body
        messageEnds = ends
    }

    /// What the client has heard of the call.
    struct Heard {
        var result = CallResult()
        var statusCount = 0
        var body: [UInt8] = []
        var isEnded = false
        var isClosed = false
        var resetCode: UInt32?
    }

    /// The call was answered by its method or by whoever refused it: nil when the answer did not
    /// come, or not to its end.
    var status: Status? {
        heard.statusCount == 1 && heard.isEnded
            ? heard.result.status(resetCode: heard.resetCode) : nil
    }

    /// What the status tells to programs.
    var reason: String? {
        guard let bytes = status?.detailsBytes else { return nil }
        return (try? RPCStatus(decoding: bytes.span))?.errorInfo?.reason
    }

    var takesManyMessages: Bool {
        switch request {
        case .load, .pipeline: true
        case .get, .set, .delete, .batchGet, .export, .limits, .health, .watch, .wrong: false
        }
    }

    /// The messages that have come whole.
    var messages: [[UInt8]] {
        var messages: [[UInt8]] = []
        var offset = 0
        let body = heard.body
        while offset + 5 <= body.count {
            let count = body[(offset + 1)..<(offset + 5)].reduce(0) { $0 << 8 | Int($1) }
            guard body[offset] == 0, offset + 5 + count <= body.count else { break }
            messages.append(Array(body[(offset + 5)..<(offset + 5 + count)]))
            offset += 5 + count
        }
        return messages
    }

    func decoded<Message: WireMessage>(as: Message.Type = Message.self) throws -> [Message] {
        try messages.map { try Message(decoding: $0.span) }
    }
}

/// A bulk load that may take several calls to come to its end.
final class LoadSession {
    /// What one or more entries of the load store together.
    struct Unit {
        let key: [UInt8]
        let value: [UInt8]
        let head: EntryHead
        /// The index of its last entry.
        let lastIndex: Int
    }

    let start: BulkLoadStart
    private(set) var entries: [Entry] = []
    private(set) var units: [Int: Unit] = [:]
    /// What the client has been told is dealt with.
    var acknowledged = 0

    init(_ start: BulkLoadStart) { self.start = start }

    /// Adds what stores `value`, in parts of at most `partBytes`.
    func add(key: [UInt8], value: [UInt8], head: EntryHead, partBytes: Int) {
        var offset = 0
        repeat {
            let end = min(value.count, offset + partBytes)
            var part = head
            if partBytes < value.count {
                part.valueBytes = UInt64(value.count)
                part.valueOffset = UInt64(offset)
            }
            entries.append(Entry(key: key, value: Array(value[offset..<end]), head: part))
            offset = end
        } while offset < value.count
        let last = entries.count - 1
        units[last] = Unit(key: key, value: value, head: head, lastIndex: last)
    }
}

/// One call's share of a load: the entries of each of its messages after the start.
struct LoadPart {
    let session: LoadSession
    let batches: [Range<Int>]
}
