import LarderServer
import LarderService
import Testing

@Suite("The ops port")
struct OpsPagesTests {
    private func read(_ text: String) -> OpsRequestReader.Reading {
        var reader = OpsRequestReader()
        return reader.read(text.utf8.span)
    }

    private func pages(_ health: HealthState = HealthState()) -> OpsPages {
        OpsPages(health: health) {
            var text = MetricsText()
            text.add("x_total", .counter, "X.", 7)
            return text
        }
    }

    private func answer(_ method: String, _ path: String, _ pages: OpsPages) -> String {
        String(
            decoding: pages.answer(OpsRequest(method: method, path: path)), as: UTF8.self)
    }

    @Test(
        "a request line and an empty line are a request, whatever fields stand between them",
        arguments: [
            ("GET /metrics HTTP/1.1\r\n\r\n", "GET", "/metrics"),
            ("GET /metrics HTTP/1.0\r\nhost: x\r\nx: y\r\n\r\n", "GET", "/metrics"),
            ("HEAD /healthz?a=/b HTTP/1.1\n\n", "HEAD", "/healthz"),
            ("\r\n\nPUT / HTTP/1.1\r\n\r\nwhatever follows", "PUT", "/"),
        ])
    func requests(text: String, method: String, path: String) {
        #expect(read(text) == .request(OpsRequest(method: method, path: path)))
    }

    @Test(
        "what is no request of HTTP/1 is told from one that has not ended",
        arguments: [
            ("GET /metrics HTTP/1.1\r\n\r", .incomplete), ("", .incomplete),
            ("\r\n\r\n", .incomplete),
            ("GET /metrics\r\n\r\n", .malformed), ("PRI * HTTP/2.0\r\n\r\n", .malformed),
            ("GET /a b HTTP/1.1\r\n\r\n", .malformed), (" /a HTTP/1.1\r\n\r\n", .malformed),
            ("GET http://x/ HTTP/1.1\r\n\r\n", .malformed),
            ("GET /\u{7f} HTTP/1.1\n\n", .malformed),
            (String(repeating: "x", count: 8_193), .tooLong),
            (String(repeating: "\n", count: 8_193), .tooLong),
        ] as [(String, OpsRequestReader.Reading)])
    func noRequests(text: String, reading: OpsRequestReader.Reading) {
        #expect(read(text) == reading)
    }

    @Test("a head may come in any pieces")
    func torn() {
        let bytes = Array("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".utf8)
        for size in 1..<bytes.count {
            var reader = OpsRequestReader()
            var reading = OpsRequestReader.Reading.incomplete
            for start in stride(from: 0, to: bytes.count, by: size) {
                #expect(reading == .incomplete)
                let piece = Array(bytes[start..<min(start + size, bytes.count)])
                reading = reader.read(piece.span)
            }
            #expect(reading == .request(OpsRequest(method: "GET", path: "/healthz")))
        }
    }

    @Test("metrics have their content-type and length, and HEAD gets the same head")
    func metrics() {
        let body = "# HELP x_total X.\n# TYPE x_total counter\nx_total 7\n"
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n"
            + "content-length: \(body.utf8.count)\r\ncache-control: no-store\r\n"
            + "connection: close\r\n\r\n"
        #expect(answer("GET", "/metrics", pages()) == head + body)
        #expect(answer("HEAD", "/metrics", pages()) == head)
    }

    @Test("health follows the server, other methods and pages are refused")
    func otherPages() {
        let health = HealthState()
        let pages = pages(health)
        #expect(answer("GET", "/healthz", pages).hasPrefix("HTTP/1.1 200 OK\r\n"))
        health.phase = .shuttingDown
        #expect(answer("GET", "/healthz", pages).hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(answer("POST", "/metrics", pages).contains("\r\nallow: GET, HEAD\r\n"))
        #expect(answer("GET", "/metric", pages).hasPrefix("HTTP/1.1 404 Not Found\r\n"))
    }
}
