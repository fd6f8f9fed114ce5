import LarderGRPC
import Testing

@Suite("CallResult")
struct CallResultTests {
    private static let headers: [Field] = [
        (":status", "200"), ("content-type", "application/grpc+proto"),
    ]

    @Test("what a server says of an end, a client hears")
    func roundTrip() {
        let sent = Status(.notFound, "\tno 100% \u{1F608} ", detailsBytes: [0, 1, 2, 255])
        #expect(status(headers: Self.headers, trailers: sent.trailerFields) == sent)
        #expect(status(headers: sent.trailersOnlyFields(), trailers: nil) == sent)
        #expect(status(headers: ResponseFields.ok(), trailers: Status.ok.trailerFields) == .ok)
    }

    @Test(
        "HTTP answers without a grpc-status have gRPC's meaning",
        arguments: [
            (400, .internal), (401, .unauthenticated), (403, .permissionDenied),
            (404, .unimplemented), (429, .unavailable), (502, .unavailable), (503, .unavailable),
            (504, .unavailable), (405, .unknown), (415, .unknown), (500, .unknown), (301, .unknown),
            (200, .unknown),
        ] as [(Int, StatusCode)])
    func httpStatus(_ http: Int, _ code: StatusCode) {
        let headers: [Field] = [(":status", String(http)), ("content-type", "text/html")]
        #expect(status(headers: headers, trailers: nil).code == code)
    }

    @Test("a grpc-status counts for more than the HTTP status")
    func grpcStatusFirst() {
        let headers: [Field] = [(":status", "503"), ("grpc-status", "5")]
        #expect(status(headers: headers, trailers: nil).code == .notFound)
    }

    @Test("a status in headers that do not end the stream says nothing")
    func statusTooEarly() {
        let headers = Self.headers + [("grpc-status", "0"), ("grpc-message", "early")]
        #expect(status(headers: headers, trailers: []).code == .unknown)
        let late = status(headers: headers, trailers: [("grpc-status", "13")])
        #expect(late == Status(.internal))
    }

    @Test("an interim answer is forgotten")
    func interim() {
        var result = CallResult()
        record([(":status", "103")], in: &result)
        result.headersEnded(endOfStream: false)
        record(Self.headers, in: &result)
        result.headersEnded(endOfStream: false)
        record([("grpc-status", "0")], in: &result)
        #expect(result.status() == .ok)
    }

    @Test(
        "a grpc-status that is no code is UNKNOWN, never OK",
        arguments: ["", "17", "99", "256", "00", "01", "-1", "+0", "0 ", "abc", "1000", "0x0"])
    func malformedStatus(_ text: String) {
        #expect(status(headers: Self.headers, trailers: [("grpc-status", text)]).code == .unknown)
    }

    @Test("an end without a status is UNKNOWN, never OK")
    func noStatus() {
        #expect(status(headers: Self.headers, trailers: []).code == .unknown)
        #expect(CallResult().status().code == .unknown)
    }

    @Test(
        "a reset stream has gRPC's meaning",
        arguments: [
            (0, .internal), (1, .internal), (2, .internal), (3, .internal), (7, .unavailable),
            (8, .cancelled), (11, .resourceExhausted), (12, .permissionDenied), (5, .unknown),
            (999, .unknown),
        ] as [(UInt32, StatusCode)])
    func resets(_ resetCode: UInt32, _ code: StatusCode) {
        #expect(CallResult().status(resetCode: resetCode).code == code)
    }

    @Test("a reset after the status changes nothing")
    func resetAfterStatus() {
        var result = CallResult()
        record(Self.headers + [("grpc-status", "8")], in: &result)
        result.headersEnded(endOfStream: true)
        #expect(result.status(resetCode: 0) == Status(.resourceExhausted))
    }

    @Test("details that are no base64 are left out, joined ones are split")
    func details() {
        let broken: [Field] = [("grpc-status", "3"), ("grpc-status-details-bin", "!")]
        #expect(status(headers: Self.headers, trailers: broken) == Status(.invalidArgument))
        let joined: [Field] = [("grpc-status", "3"), ("grpc-status-details-bin", "q6ur,qw==")]
        #expect(
            status(headers: Self.headers, trailers: joined).detailsBytes == [0xAB, 0xAB, 0xAB])
    }

    @Test("an endless message is cut")
    func longMessage() {
        let message = String(repeating: "x", count: CallResult.messageBytesMax + 9)
        let fields: [Field] = [("grpc-status", "2"), ("grpc-message", message)]
        let heard = status(headers: Self.headers, trailers: fields)
        #expect(heard.message.utf8.count == CallResult.messageBytesMax)
    }

    @Test("random fields never trap")
    func randomFields() {
        let known = [
            ":status", "content-type", "grpc-status", "grpc-message", "grpc-status-details-bin",
        ]
        for seed in UInt64(0)..<10_000 {
            var generator = SplitMix(seed: seed)
            var result = CallResult()
            for name in known.shuffled(using: &generator) {
                let value = generator.bytes(Int.random(in: 0...20, using: &generator))
                result.record(name: Array(name.utf8).span, value: value.span)
                if Bool.random(using: &generator) { result.headersEnded(endOfStream: false) }
            }
            _ = result.status()
        }
    }

    @Test("a request says what gRPC asks for, in its order")
    func requestFields() {
        var request = RequestFields(path: "/a/B", authority: "host:1", timeoutNanos: 1_000_000)
        request.userAgent = "larder"
        request.metadata = [("x-a", "1")]
        #expect(
            request.fields.map { "\($0.name)=\($0.value)" } == [
                ":method=POST", ":scheme=http", ":path=/a/B", ":authority=host:1", "te=trailers",
                "grpc-timeout=1000000n", "content-type=application/grpc", "user-agent=larder",
                "x-a=1",
            ])
        var head = CallHead()
        record(request.fields, in: &head)
        let verdict = head.verdict()
        #expect(verdict == .call(timeoutNanos: 1_000_000))
        let plain = RequestFields(path: "/a/B", authority: "h")
        #expect(!names(plain.fields).contains("grpc-timeout"))
    }

    private func status(headers: [Field], trailers: [Field]?) -> Status {
        var result = CallResult()
        record(headers, in: &result)
        result.headersEnded(endOfStream: trailers == nil)
        record(trailers ?? [], in: &result)
        return result.status()
    }

    private func record(_ fields: [Field], in result: inout CallResult) {
        for field in fields {
            result.record(name: Array(field.name.utf8).span, value: Array(field.value.utf8).span)
        }
    }

    private func record(_ fields: [Field], in head: inout CallHead) {
        for field in fields {
            head.record(name: Array(field.name.utf8).span, value: Array(field.value.utf8).span)
        }
    }
}
