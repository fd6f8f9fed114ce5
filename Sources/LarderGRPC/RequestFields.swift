/// What a client says at the beginning of a call, in the order gRPC asks for.
///
/// It names no compression, for either way: the answers come as they are.
package struct RequestFields: Sendable {
    package var path: String
    package var authority: String
    package var scheme = "http"
    package var timeoutNanos: UInt64?
    package var userAgent = ""
    /// Metadata of the application, lower-case names.
    package var metadata: [Field] = []

    package init(path: String, authority: String, timeoutNanos: UInt64? = nil) {
        self.path = path
        self.authority = authority
        self.timeoutNanos = timeoutNanos
    }

    package var fields: [Field] {
        var fields: [Field] = [
            (name: ":method", value: "POST"),
            (name: ":scheme", value: scheme),
            (name: ":path", value: path),
            (name: ":authority", value: authority),
            (name: "te", value: "trailers"),
        ]
        if let timeoutNanos {
            fields.append((name: FieldName.grpcTimeout, value: Timeout.format(timeoutNanos)))
        }
        fields.append((name: FieldName.contentType, value: FieldValue.grpc))
        if !userAgent.isEmpty { fields.append((name: "user-agent", value: userAgent)) }
        return fields + metadata
    }
}
