/// An answer of the ops port: the only one of its connection.
package struct OpsAnswer: Equatable, Sendable {
    package enum Status: String, Sendable {
        case ok = "200 OK"
        case badRequest = "400 Bad Request"
        case notFound = "404 Not Found"
        case methodNotAllowed = "405 Method Not Allowed"
        case headTooLong = "431 Request Header Fields Too Large"
        case unavailable = "503 Service Unavailable"
    }

    package var status: Status
    package var contentType = "text/plain; charset=utf-8"
    package var body: String

    package init(_ status: Status, _ body: String) {
        self.status = status
        self.body = body
    }

    /// As it is sent; to HEAD without its body.
    package func bytes(toHead isHead: Bool = false) -> [UInt8] {
        var lines = [
            "HTTP/1.1 \(status.rawValue)", "content-type: \(contentType)",
            "content-length: \(body.utf8.count)", "cache-control: no-store", "connection: close",
        ]
        if status == .methodNotAllowed { lines.append("allow: GET, HEAD") }
        let head = lines.joined(separator: "\r\n") + "\r\n\r\n"
        return Array((isHead ? head : head + body).utf8)
    }
}
