import LarderGRPC
import Testing

@Suite("CallHead")
struct CallHeadTests {
    private static let get: [Field] = [
        (":method", "POST"), (":scheme", "http"), (":path", "/larder.v1.CacheService/Get"),
        (":authority", "localhost"), ("content-type", "application/grpc"), ("te", "trailers"),
    ]

    @Test("a plain call is a call without a deadline, its path as it came")
    func plainCall() {
        #expect(verdict(Self.get) == .call(timeoutNanos: nil))
        var head = CallHead()
        record(Self.get, in: &head)
        #expect(text(head.path) == "/larder.v1.CacheService/Get")
    }

    @Test(
        "paths are taken to the letter",
        arguments: ["/", "//", "*", "a", "/a/", "/a/b?q", "/%53et", "/A/b", "/\u{E9}"])
    func exactPath(_ path: String) {
        var head = CallHead()
        record(replacing(":path", path), in: &head)
        let verdict = head.verdict()
        #expect(verdict == .call(timeoutNanos: nil))
        #expect(text(head.path) == path)
    }

    @Test("a path is kept up to its bound; a longer one is no method")
    func longPath() {
        let longest = String(repeating: "p", count: CallHead.pathBytesMax)
        var head = CallHead()
        record(replacing(":path", longest), in: &head)
        #expect(text(head.path) == longest)
        let verdict = head.verdict()
        #expect(verdict == .call(timeoutNanos: nil))
        #expect(code(self.verdict(replacing(":path", longest + "p"))) == .unimplemented)
        #expect(code(self.verdict(replacing(":path", ""))) == .unimplemented)
        #expect(code(self.verdict(removing(":path"))) == .unimplemented)
    }

    @Test(
        "content-types of gRPC are taken",
        arguments: [
            "application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8",
            "application/grpc+", "application/grpc;", "application/grpc+jsonish",
            "application/grpc+proto;json", "application/grpc;+json",
        ])
    func contentTypes(_ type: String) {
        #expect(verdict(replacing("content-type", type)) == .call(timeoutNanos: nil))
    }

    @Test(
        "codecs that are known to be no protobuf are UNIMPLEMENTED",
        arguments: [
            "application/grpc+json", "application/grpc+json;charset=utf-8",
            "application/grpc+thrift", "application/grpc+json;",
        ])
    func otherCodecs(_ type: String) {
        #expect(code(verdict(replacing("content-type", type))) == .unimplemented)
    }

    @Test(
        "other content-types are answered 415",
        arguments: [
            "", "application/grp", "application/grpcfoo", "application/grpc-web",
            "application/grpc-web+proto", "Application/GRPC", "application/json", "text/html",
            " application/grpc", "application/grpc ", "application/grpd",
        ])
    func otherContentTypes(_ type: String) {
        #expect(verdict(replacing("content-type", type)) == .plain(.unsupportedMediaType))
    }

    @Test("a POST without a content-type is answered 415")
    func noContentType() {
        #expect(verdict(removing("content-type")) == .plain(.unsupportedMediaType))
    }

    @Test(
        "methods other than POST are answered 405",
        arguments: ["GET", "PUT", "OPTIONS", "CONNECT", "post", "POST ", "POSTS", "POS", ""])
    func otherMethods(_ method: String) {
        #expect(verdict(replacing(":method", method)) == .plain(.methodNotAllowed))
    }

    @Test("HEAD and a missing method are answered 405, HEAD without a body")
    func headMethod() {
        #expect(verdict(replacing(":method", "HEAD")) == .plain(.methodNotAllowed.withoutBody))
        #expect(verdict(removing(":method")) == .plain(.methodNotAllowed))
        #expect(PlainAnswer.methodNotAllowed.withoutBody.body.isEmpty)
    }

    @Test(
        "GET and HEAD of /healthz ask for health, with any query",
        arguments: [
            ("GET", "/healthz", true), ("GET", "/healthz?", true), ("GET", "/healthz?a=b", true),
            ("HEAD", "/healthz", true), ("GET", "/healthzz", false), ("GET", "/health", false),
            ("GET", "/healthz/", false), ("GET", "/Healthz", false), ("POST", "/healthz", false),
            ("PUT", "/healthz", false),
        ])
    func health(_ method: String, _ path: String, _ isHealth: Bool) {
        let verdict = verdict([(":method", method), (":path", path)])
        #expect((verdict == .health(isHead: method == "HEAD")) == isHealth)
    }

    @Test("plain answers have a body of at least five bytes and say its length")
    func plainAnswers() {
        let answers: [PlainAnswer] = [
            .healthy, .unhealthy, .methodNotAllowed, .unsupportedMediaType,
        ]
        #expect(answers.map(\.status) == [200, 503, 405, 415])
        for answer in answers {
            #expect(answer.body.count >= 5)
            #expect(value(":status", answer.fields) == String(answer.status))
            #expect(value("content-length", answer.fields) == String(answer.body.count))
            #expect(value("content-length", answer.withoutBody.fields) == nil)
        }
        #expect(value("allow", PlainAnswer.methodNotAllowed.fields) == "POST")
        #expect(value("allow", PlainAnswer.methodNotAllowed.withoutBody.fields) == "POST")
    }

    @Test("te may be absent")
    func noTE() {
        #expect(verdict(removing("te")) == .call(timeoutNanos: nil))
    }

    @Test("a timeout is told in nanoseconds")
    func timeout() {
        #expect(verdict(Self.get + [("grpc-timeout", "2S")]) == .call(timeoutNanos: 2_000_000_000))
        #expect(
            verdict(Self.get + [("grpc-timeout", "99999999H")])
                == .call(timeoutNanos: Timeout.nanosMax))
    }

    @Test(
        "a timeout that has passed before an answer could travel ends the call",
        arguments: ["0S", "0n", "1n"])
    func timeoutOver(_ timeout: String) {
        #expect(code(verdict(Self.get + [("grpc-timeout", timeout)])) == .deadlineExceeded)
    }

    @Test(
        "a malformed timeout ends the call as INTERNAL",
        arguments: ["", "S", "10", "1 S", "123456789S"])
    func malformedTimeout(_ timeout: String) {
        #expect(code(verdict(Self.get + [("grpc-timeout", timeout)])) == .internal)
    }

    @Test("of two timeouts the first counts")
    func twoTimeouts() {
        let both = [("grpc-timeout", "1S"), ("grpc-timeout", "2m")]
        #expect(verdict(Self.get + both) == .call(timeoutNanos: 1_000_000_000))
        #expect(
            code(verdict(Self.get + [("grpc-timeout", "x"), ("grpc-timeout", "1S")])) == .internal)
    }

    @Test("the request's encoding is told", arguments: MessageEncoding.allCases)
    func knownEncodings(_ encoding: MessageEncoding) {
        var head = CallHead()
        record(Self.get + [("grpc-encoding", encoding.name)], in: &head)
        let verdict = head.verdict()
        let told = head.requestEncoding
        #expect(verdict == .call(timeoutNanos: nil))
        #expect(told == encoding)
        head.reset()
        let after = head.requestEncoding
        #expect(after == .identity)
    }

    @Test("an encoding that is not known is refused, and the answer names what is understood")
    func encodings() throws {
        for encoding in ["snappy", "", "identity2", "identitx", "IDENTITY", "gzip ", "gzi"] {
            let verdict = verdict(Self.get + [("grpc-encoding", encoding)])
            guard case .reject(let status) = verdict else {
                Issue.record("\(encoding) was taken")
                continue
            }
            #expect(status.code == .unimplemented)
            #expect(
                value("grpc-accept-encoding", status.trailersOnlyFields())
                    == FieldValue.acceptedEncodings)
        }
    }

    @Test("fields a call does not depend on cannot fail it, whatever they hold")
    func otherFields() {
        let others: [Field] = [
            ("grpc-status", "7"), ("grpc-previous-rpc-attempts", "x"), ("grpc-tags-bin", "?"),
            ("grpc-trace-bin", "A"), ("x-bin", "q6ur,qw=="), ("x-tab", "a\tb"),
            ("x-high", "\u{80}"),
            ("user-agent", ""), ("connection", "close"), ("grpc-timeouts", "x"), ("", ""),
            ("grpc-acceptXencoding", "x"), ("grpc-encodinh", "gzip"), ("xrpc-encoding", "gzip"),
            ("content-tyqe", "text/html"), ("grpc-timeouu", "x"),
        ]
        #expect(verdict(others + Self.get) == .call(timeoutNanos: nil))
    }

    @Test("a name that differs in any one byte is another field")
    func namesToTheLetter() {
        let fields: [Field] = [
            (":method", "GET"), (":path", "/healthz"), ("content-type", "text/html"),
            ("grpc-timeout", "x"), ("grpc-encoding", "gzip"), ("authorization", "x"),
            ("larder-node", "x"), ("grpc-accept-encoding", "gzip"),
        ]
        for field in fields {
            for index in field.name.utf8.indices {
                var name = Array(field.name.utf8)
                name[field.name.utf8.distance(from: field.name.startIndex, to: index)] ^= 1
                var head = CallHead()
                head.record(name: name.span, value: Array(field.value.utf8).span)
                let isUnseen = !head.hasAuthorization && !head.hasLarderNode
                #expect(isUnseen)
                #expect(text(head.acceptEncoding) == "")
                record(Self.get, in: &head)
                let verdict = head.verdict()
                #expect(verdict == .call(timeoutNanos: nil))
                #expect(text(head.path) == "/larder.v1.CacheService/Get")
            }
        }
    }

    @Test("credentials, node and understood encodings are noted")
    func notes() {
        var head = CallHead()
        record(Self.get, in: &head)
        var notes = (head.hasAuthorization, head.hasLarderNode)
        #expect(notes == (false, false))
        #expect(text(head.acceptEncoding) == "")
        let fields: [Field] = [
            ("authorization", "Bearer x"), ("larder-node", "n1"),
            ("grpc-accept-encoding", "identity, gzip"),
        ]
        record(fields, in: &head)
        notes = (head.hasAuthorization, head.hasLarderNode)
        #expect(notes == (true, true))
        #expect(text(head.acceptEncoding) == "identity, gzip")
    }

    @Test("a list of encodings over its bound counts as none")
    func longAcceptEncoding() {
        var head = CallHead()
        let long = String(repeating: "x", count: CallHead.acceptEncodingBytesMax + 1)
        record([("grpc-accept-encoding", long)], in: &head)
        #expect(text(head.acceptEncoding) == "")
    }

    @Test("a head that is reset has forgotten everything")
    func reset() {
        var head = CallHead()
        let first: [Field] = [
            (":method", "GET"), (":path", "/long/path/of/another/call"), ("content-type", "x"),
            ("grpc-timeout", "x"), ("grpc-encoding", "gzip"), ("authorization", "x"),
            ("larder-node", "x"), ("grpc-accept-encoding", "gzip"),
        ]
        let tooLong = String(repeating: "p", count: CallHead.pathBytesMax + 1)
        record([(":path", tooLong)], in: &head)
        head.reset()
        record(first, in: &head)
        head.reset()
        let path = text(head.path) + text(head.acceptEncoding)
        #expect(path == "")
        record(Self.get, in: &head)
        let verdict = head.verdict()
        #expect(verdict == .call(timeoutNanos: nil))
        let notes = (head.hasAuthorization, head.hasLarderNode)
        #expect(notes == (false, false))
        #expect(text(head.path) == "/larder.v1.CacheService/Get")
    }

    @Test("random names and values never trap")
    func randomFields() {
        let known =
            Self.get.map(\.name) + [
                "grpc-timeout", "grpc-encoding", "grpc-accept-encoding", "authorization",
                "larder-node",
            ]
        let values = Self.get.map(\.value) + ["1S", "gzip", "identity", "GET", "/healthz"]
        var head = CallHead()
        for seed in UInt64(0)..<10_000 {
            var generator = SplitMix(seed: seed)
            head.reset()
            for _ in 0..<Int.random(in: 0...6, using: &generator) {
                var name = Array((known.randomElement(using: &generator) ?? "").utf8)
                var value = Array((values.randomElement(using: &generator) ?? "").utf8)
                if Bool.random(using: &generator) {
                    name = generator.bytes(Int.random(in: 0...24, using: &generator))
                }
                if Bool.random(using: &generator) {
                    value = generator.bytes(Int.random(in: 0...1_100, using: &generator))
                }
                head.record(name: name.span, value: value.span)
            }
            if case .reject(let status) = head.verdict() { #expect(!status.isOK) }
        }
    }

    private func verdict(_ fields: [Field]) -> CallHead.Verdict {
        var head = CallHead()
        record(fields, in: &head)
        return head.verdict()
    }

    private func record(_ fields: [Field], in head: inout CallHead) {
        for field in fields {
            head.record(name: Array(field.name.utf8).span, value: Array(field.value.utf8).span)
        }
    }

    private func removing(_ name: String) -> [Field] { Self.get.filter { $0.name != name } }

    private func replacing(_ name: String, _ value: String) -> [Field] {
        Self.get.map { $0.name == name ? (name: name, value: value) : $0 }
    }

    private func code(_ verdict: CallHead.Verdict) -> StatusCode? {
        guard case .reject(let status) = verdict else { return nil }
        return status.code
    }

    private func text(_ bytes: Span<UInt8>) -> String {
        String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
    }
}
