/// An answer to a request that is no gRPC call: a browser, a probe, a mistaken client.
package struct PlainAnswer: Sendable, Equatable {
    package let status: Int
    package let contentType: String
    /// At least five bytes, for readers that look for a message prefix; none for HEAD.
    package let body: [UInt8]
    private let allow: String?

    package init(status: Int, body: String, allow: String? = nil) {
        self.init(
            status: status, contentType: "text/plain; charset=utf-8", body: [UInt8](body.utf8),
            allow: allow)
    }

    private init(status: Int, contentType: String, body: [UInt8], allow: String?) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.allow = allow
    }

    package static let healthy = PlainAnswer(status: 200, body: "serving\n")
    package static let unhealthy = PlainAnswer(status: 503, body: "not serving\n")
    package static let methodNotAllowed = PlainAnswer(
        status: 405, body: "a gRPC call is a POST\n", allow: "POST")
    package static let unsupportedMediaType = PlainAnswer(
        status: 415, body: "a gRPC call has the content-type application/grpc\n")

    /// The same answer as HEAD gets it.
    package var withoutBody: PlainAnswer {
        PlainAnswer(status: status, contentType: contentType, body: [], allow: allow)
    }

    package var fields: [Field] {
        var fields: [Field] = [(name: FieldName.status, value: String(status))]
        if let allow { fields.append((name: "allow", value: allow)) }
        fields.append((name: FieldName.contentType, value: contentType))
        if !body.isEmpty { fields.append((name: "content-length", value: String(body.count))) }
        return fields
    }
}
