// Says the inputs that the fuzzers begin from, made from valid messages: on each line a target, a
// name and the bytes in hexadecimal. `Fuzz/make-corpus` puts them into Fuzz/Corpus.

import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderService

@main
enum Seeds {
    static func main() {
        for seed in messages { say("Messages", seed.name, [seed.kind.rawValue] + seed.bytes) }
        framing()
        compression()
        callFields()
        sessions()
        connections()
        methods()
        clients()
        files()
        texts()
        configurations()
        opsRequests()
    }

    static func say(_ target: String, _ name: String, _ bytes: [UInt8]) {
        let digits = Array("0123456789abcdef")
        let text = bytes.map { "\(digits[Int($0 >> 4)])\(digits[Int($0 & 15)])" }.joined()
        print(target, name, text)
    }

    // MARK: Messages

    private typealias Message = (name: String, kind: MessageKind, bytes: [UInt8])

    private static let key = Array("user:42".utf8)

    private static let setRequest = SetRequest(
        key: key, value: [UInt8](repeating: 7, count: 40), ttlMillis: 60_000, flags: 3,
        condition: .ifVersion(2), version: 5, mode: .append, returnCurrent: true)

    private static let batch = EntryBatch(
        firstIndex: 0,
        entries: [
            Entry(key: key, value: [2], head: EntryHead(ttlMillis: 9, version: 3)),
            Entry(key: [1], value: [2, 3], head: EntryHead(valueBytes: 4)),
            Entry(key: [1], value: [4, 5], head: EntryHead(valueBytes: 4, valueOffset: 2)),
        ])

    private static let operations = PipelineRequest([
        Operation(id: 1, .set(SetRequest(key: key, value: [1, 2])), quiet: true),
        Operation(id: 2, .get(GetRequest(key: key)), timeoutMillis: 5),
        Operation(id: 3, .delete(DeleteRequest(key: key))),
        Operation(id: 4, .increment(IncrementRequest(key: [1], delta: -1, initial: 3))),
        Operation(id: 5, .touch(TouchRequest(key: [1], ttlMillis: 9, mode: .extend))),
    ])

    private static let messages: [Message] = [
        (
            "get", .getRequest,
            GetRequest(
                key: key, ifVersionNot: 3, touchTTLMillis: 9, maxInlineBytes: 4, maxAgeMillis: 5
            ).encoded()
        ),
        ("set", .setRequest, setRequest.encoded()),
        ("delete", .deleteRequest, DeleteRequest(key: key, ifVersion: 1).encoded()),
        (
            "batch-get", .batchGetRequest,
            BatchGetRequest(keys: [[1], key, []], maxResponseBytes: 100).encoded()
        ),
        (
            "bulk-start", .bulkLoadRequest,
            BulkLoadRequest(
                .start(BulkLoadStart(sessionID: "s", defaultTTLMillis: 7, ackEvery: 1))
            ).encoded()
        ),
        ("bulk-batch", .bulkLoadRequest, BulkLoadRequest(.batch(batch)).encoded()),
        ("pipeline", .pipelineRequest, operations.encoded()),
        (
            "export", .exportRequest,
            ExportRequest(namespace: "", keyPrefix: [1], hashEnd: .max, limit: 3).encoded()
        ),
        (
            "health", .healthCheckRequest,
            HealthCheckRequest(service: "larder.v1.CacheService").encoded()
        ),
        (
            "reflection", .reflectionRequest,
            ServerReflectionRequest(.fileContainingSymbol("larder.v1.GetRequest")).encoded()
        ),
        (
            "get-answer", .getResponse,
            GetResponse(head: GetResponseHead(version: 1, ttlMillis: 2), value: [1, 2]).encoded()
        ),
        (
            "status", .rpcStatus,
            RPCStatus(
                code: 3, message: "no",
                errorInfo: ErrorInfo(
                    reason: "R", domain: "d", metadata: [ErrorInfo.Fact(key: "k", value: "v")])
            ).encoded()
        ),
    ]

    // MARK: Compression

    private static func compression() {
        let text = (0..<200).map { UInt8(ascii: "a") + UInt8($0 % 13) }
        for (index, encoding) in [MessageEncoding.gzip, .deflate].enumerated() {
            let name = encoding.name
            let small = packed(text, encoding)
            let zeros = packed([UInt8](repeating: 0, count: 30_000), encoding)
            say("Inflate", name, [UInt8(index), 3, 9] + small)
            say("Inflate", name + "-twice", [UInt8(index), 3, 9] + small + small)
            say("Inflate", name + "-too-large", [UInt8(index), 2, 0] + zeros)
        }
        say("Inflate", "plain", [0, 4, 100] + text + text + text)
    }

    private static func packed(_ bytes: [UInt8], _ encoding: MessageEncoding) -> [UInt8] {
        var deflater = Deflater()
        deflater.begin(encoding, messageBytes: bytes.count, always: true)
        deflater.append(bytes.span)
        precondition(deflater.finish(), "a seed is packed in any case")
        return deflater.deflated.indices.map { deflater.deflated[$0] }
    }

    // MARK: Framing and fields

    private static func framed(_ message: [UInt8]) -> [UInt8] {
        let prefix = MessagePrefix.encode(messageBytes: UInt32(message.count))
        return prefix.indices.map { prefix[$0] } + message
    }

    private static func framing() {
        let get = framed(GetRequest(key: key).encoded())
        say("Framing", "one-in-pieces", [2, 0, 3, 1, 0, 9] + get)
        say("Framing", "three-in-pieces", [4, 1, 2, 3, 4] + get + framed([]) + get)
        say("Framing", "too-long", [1, 0, 0] + get)
    }

    private static func fields(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { name, value -> [UInt8] in
            guard let index = CallFieldNames.all.firstIndex(of: name) else { return [] }
            return [UInt8(index)] + told(Array(value.utf8))
        }
    }

    private static func told(_ bytes: [UInt8]) -> [UInt8] {
        let (byte, padding) = FuzzLength.told(bytes.count)
        return [byte] + bytes + [UInt8](repeating: 0, count: padding)
    }

    private static func callFields() {
        let call = [
            (":method", "POST"), (":path", "/larder.v1.CacheService/Get"),
            ("content-type", "application/grpc+proto"), ("grpc-timeout", "1500m"),
            ("grpc-encoding", "identity"), ("grpc-accept-encoding", "identity,gzip"),
        ]
        say("CallFields", "call", [0] + fields(call))
        say("CallFields", "health", [0] + fields([(":method", "GET"), (":path", "/healthz")]))
        let answer = [
            (":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "3"),
            ("grpc-message", "no%20such%20key%0A"), ("grpc-status-details-bin", "CAMSAm5v"),
        ]
        say("CallFields", "answer", [1] + fields(answer) + [2])
        say("CallFields", "timeout", [2, 0, 0, 0, 0, 0, 1, 0, 0] + Array("99999999H".utf8))
        say("CallFields", "percent", [3, 20] + Array("é % %25%C3%A9 \u{1F980}".utf8))
        say("CallFields", "base64", [4] + Array("TGFyZGVyIQ==".utf8))
    }

    // MARK: Sessions

    private static func sessions() {
        let all: [UInt8] = [0, 0, 0, 1, 2, 3]
        say("Session", "calls", all + conversation())
        say("Session", "calls-in-pieces", [4, 20, 1, 3, 6, 2] + conversation())
        // Type, flags, stream and payload: a HEADERS frame has END_HEADERS (4), its block is put in.
        let post = SessionScript.requestBlockFlag | 4
        let frames: [[UInt8]] = [
            [1, post, 1, 0], [0, 1, 1, 3, 5, 6, 7], [1, post | 1, 3, 0],
            [8, 0, 1, 4, 0, 0, 1, 0], [3, 0, 1, 4, 0, 0, 0, 8],
            [6, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8], [4, 0, 0, 6, 0, 4, 0, 0, 0, 9],
        ]
        say("Session", "frames", [3, 0, 2, 3, 0, 1] + frames.flatMap { $0 })
        say("Session", "frames-late", [11, 5, 1, 4, 5, 6] + frames.flatMap { $0 })
    }

    /// What a client says that nobody answers.
    private static func conversation() -> [UInt8] {
        var client = ClientSession()
        let head = RequestFields(path: "/larder.v1.CacheService/Get", authority: "localhost")
        let body = framed(GetRequest(key: key).encoded())
        _ = client.open(headers: head.fields, body: body.span, endOfStream: true)
        if let stream = client.open(headers: head.fields, body: body.span, endOfStream: false) {
            client.send(stream, body.span)
            client.endBody(stream)
        }
        if let stream = client.open(headers: head.fields, body: body.span, endOfStream: false) {
            client.finish(stream, trailers: HeaderBlock([("x-end", "1")]))
        }
        _ = client.open(headers: head.fields, body: body.span, endOfStream: false)
        client.ping(opaque: 7)
        return output(of: &client)
    }

    // MARK: Connections

    private static func connections() {
        let cache = "/larder.v1.CacheService/"
        let timed = RequestFields(
            path: cache + "Get", authority: "localhost", timeoutNanos: 5_000_000)
        let start = framed(bytes("bulk-start"))
        var compressing = fields(cache + "Set")
        compressing.metadata = [
            (name: "grpc-encoding", value: "gzip"), (name: "grpc-accept-encoding", value: "gzip"),
        ]
        let packedSet = framed(packed(SetRequest(key: key, value: key).encoded(), .gzip))
        let calls: [(RequestFields, [[UInt8]])] = [
            (fields(cache + "Set"), [framed(SetRequest(key: key, value: key).encoded())]),
            (timed, [framed(GetRequest(key: key).encoded())]),
            (fields(cache + "BulkLoad"), [start, framed(bytes("bulk-batch"))]),
            (fields(cache + "Pipeline"), [framed(bytes("pipeline"))]),
            (fields(cache + "Export"), [framed(ExportRequest(namespace: "").encoded())]),
            (fields("/grpc.health.v1.Health/Watch"), [framed(bytes("health"))]),
            (
                fields("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"),
                [framed(bytes("reflection"))]
            ),
            (fields(cache + "Watch"), [framed([])]),
            (compressing, [[1] + packedSet.dropFirst()]),
        ]
        var client = ClientSession()
        for (head, messages) in calls {
            guard let stream = client.open(headers: head.fields, endOfStream: false) else {
                continue
            }
            for message in messages { client.send(stream, message.span) }
            client.endBody(stream)
        }
        _ = client.open(
            headers: [
                (":method", "GET"), (":scheme", "http"), (":path", "/healthz"),
                (":authority", "localhost"),
            ], endOfStream: true)
        let bytes = output(of: &client)
        say("Connection", "calls", [0, 0, 0, 9, 0, 0] + bytes)
        say("Connection", "calls-in-pieces", [4, 100, 0, 9, 0, 0] + bytes)
        say("Connection", "calls-drained", [0, 100, 0, 3, 0, 0] + bytes)
    }

    private static func fields(_ path: String) -> RequestFields {
        RequestFields(path: path, authority: "localhost")
    }

    private static func output(of client: inout ClientSession) -> [UInt8] {
        var bytes: [UInt8] = []
        // The first error of a session that was just made would be a seed that is short.
        try? client.drain { span, _ in
            for index in span.indices { bytes.append(span[index]) }
            return true
        }
        return bytes
    }

    // MARK: Methods

    private static func method(_ name: String) -> UInt8 {
        let index = MethodTable.all.firstIndex { "\($0.fullName)".hasSuffix(name) }
        return UInt8(index ?? 0)
    }

    private static func call(_ name: String, _ message: [UInt8], place: UInt8 = 0) -> [UInt8] {
        [MethodStep.call.byte(place), method(name)] + told(message)
    }

    private static func message(_ message: [UInt8], place: UInt8 = 0) -> [UInt8] {
        [MethodStep.message.byte(place)] + told(message)
    }

    private static func bytes(_ name: String) -> [UInt8] {
        messages.first { $0.name == name }?.bytes ?? []
    }

    private static func methods() {
        let set = call("v1.CacheService/Set", SetRequest(key: key, value: key).encoded())
        let setLong = call(
            "v1.CacheService/Set",
            SetRequest(key: [1], value: [UInt8](repeating: 3, count: 1_200), ttlMillis: 5).encoded()
        )
        let get = call("v1.CacheService/Get", GetRequest(key: key).encoded())
        let getLong = call("v1.CacheService/Get", GetRequest(key: [1]).encoded())
        say("Methods", "set-get", set + get + call("v1.CacheService/Set", bytes("set")) + get)
        say(
            "Methods", "expire",
            setLong + getLong + [MethodStep.wait.byte(), 40] + getLong
                + [
                    MethodStep.expire.byte(15), MethodStep.setBudget.byte(2),
                    MethodStep.flush.byte(),
                ])
        say(
            "Methods", "batch-get",
            set + setLong + call("v1.CacheService/BatchGet", bytes("batch-get"))
                + call("v1.CacheService/Delete", DeleteRequest(key: key).encoded())
                + call("v1.CacheService/GetLimits", []))
        say(
            "Methods", "bulk-load",
            call("v1.CacheService/BulkLoad", bytes("bulk-start"), place: 1)
                + message(bytes("bulk-batch"), place: 1) + [MethodStep.writable.byte(1)]
                + call("v1.CacheService/BulkLoad", bytes("bulk-start"), place: 2)
                + message(bytes("bulk-batch"), place: 1) + [MethodStep.halfClose.byte(2)])
        say(
            "Methods", "pipeline",
            set + setLong + call("v1.CacheService/Pipeline", bytes("pipeline"), place: 1)
                + message(bytes("pipeline"), place: 1) + [MethodStep.writable.byte(1)]
                + [MethodStep.halfClose.byte(1)])
        say(
            "Methods", "export",
            set + setLong
                + call("v1.CacheService/Export", ExportRequest(namespace: "", limit: 1).encoded())
                + [MethodStep.forgedCursor.byte(), 0, MethodStep.writable.byte()]
                + [MethodStep.forgedCursor.byte(), 1, 27, 255, MethodStep.writable.byte()])
        say(
            "Methods", "health",
            call("Health/Check", bytes("health")) + call("Health/List", [])
                + call("Health/Watch", bytes("health"), place: 3)
                + [MethodStep.setHealth.byte(2), MethodStep.woken.byte(3)])
        say(
            "Methods", "reflection",
            [MethodStep.open.byte(), method("v1.ServerReflection/ServerReflectionInfo")]
                + message(bytes("reflection"))
                + message(ServerReflectionRequest(.listServices("")).encoded())
                + [MethodStep.halfClose.byte(), MethodStep.cancel.byte()]
                + [MethodStep.path.byte()] + told(Array("/larder.v1.CacheService/Get".utf8)))
    }
}
