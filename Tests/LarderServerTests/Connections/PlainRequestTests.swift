import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderService
import Testing

@Suite("Requests that are no gRPC")
struct PlainRequestTests {
    let pair = CallPair()

    private func answer(
        _ method: String, _ path: String, contentType: String? = nil, body: [UInt8] = []
    ) throws -> Heard {
        let stream = try pair.open(fields: fields(method, path, contentType), bytes: body)
        try pair.run()
        return pair.answer(stream)
    }

    private func fields(_ method: String, _ path: String, _ contentType: String?) -> [Field] {
        var fields: [Field] = [
            (name: ":method", value: method), (name: ":scheme", value: "http"),
            (name: ":path", value: path), (name: ":authority", value: "localhost"),
        ]
        if let contentType { fields.append((name: "content-type", value: contentType)) }
        return fields
    }

    @Test("another HTTP method is told which one is allowed", arguments: ["GET", "PUT", "DELETE"])
    func methodNotAllowed(method: String) throws {
        let heard = try answer(method, "/larder.v1.CacheService/Get")
        #expect(heard.field(":status") == "405")
        #expect(heard.field("allow") == "POST")
        #expect(heard.isEnded)
        #expect(heard.resetCode == nil)
        #expect(heard.field("content-length") == "\(heard.body.count)")
        #expect(pair.isQuiet)
    }

    @Test(
        "a POST of another content-type is a 415",
        arguments: [
            nil, "text/html", "application/json", "application/grpcfoo", "application/grpc-web",
        ])
    func unsupportedMediaType(contentType: String?) throws {
        let heard = try answer("POST", "/larder.v1.CacheService/Get", contentType: contentType)
        #expect(heard.field(":status") == "415")
        #expect(!heard.body.isEmpty)
        #expect(pair.isQuiet)
    }

    @Test(
        "content-types of gRPC are served",
        arguments: ["application/grpc", "application/grpc+proto", "application/grpc;x=y"])
    func contentTypes(contentType: String) throws {
        let heard = try answer(
            "POST", "/larder.v1.CacheService/GetLimits", contentType: contentType,
            body: framed([]))
        #expect(heard.status.isOK)
        #expect(pair.isQuiet)
    }

    @Test("the health page answers GET and HEAD, and says 503 when the server goes")
    func health() throws {
        let healthy = try answer("GET", "/healthz")
        #expect(healthy.field(":status") == "200")
        #expect(healthy.body == Array("serving\n".utf8))
        let head = try answer("HEAD", "/healthz")
        #expect(head.field(":status") == "200")
        #expect(head.body.isEmpty)
        #expect(head.isEnded)
        pair.services.health.phase = .shuttingDown
        #expect(try answer("GET", "/healthz").field(":status") == "503")
        #expect(try answer("HEAD", "/healthz").field(":status") == "503")
        #expect(pair.isQuiet)
    }

    @Test("the answer waits for the request's end")
    func waitsForTheEnd() throws {
        let stream = try pair.open(fields: fields("PUT", "/", nil), isEnded: false)
        pair.send(stream, bytes: .pattern(1_000))
        try pair.run()
        #expect(pair.answer(stream).blockCount == 0)
        pair.client.endBody(stream)
        try pair.run()
        #expect(pair.answer(stream).field(":status") == "405")
        #expect(pair.answer(stream).resetCode == nil)
        #expect(pair.isQuiet)
    }

    @Test("but not for ever: a large body is answered before its end")
    func largeBody() throws {
        let stream = try pair.open(fields: fields("PUT", "/", nil), isEnded: false)
        pair.send(stream, bytes: .pattern(64 << 10))
        try pair.run()
        #expect(pair.answer(stream).blockCount == 0)
        pair.send(stream, bytes: [1])
        try pair.run()
        #expect(pair.answer(stream).field(":status") == "405")
        #expect(pair.answer(stream).resetCode == 0)
        #expect(pair.isQuiet)
    }
}
