/// A header or trailer field, name in lower case.
package typealias Field = (name: String, value: String)

/// The field names of a call, spelt once.
enum FieldName {
    static let status = ":status"
    static let contentType = "content-type"
    static let grpcStatus = "grpc-status"
    static let grpcMessage = "grpc-message"
    static let grpcStatusDetails = "grpc-status-details-bin"
    static let grpcAcceptEncoding = "grpc-accept-encoding"
    static let grpcTimeout = "grpc-timeout"
}

/// The field values of a call, spelt once.
package enum FieldValue {
    package static let grpc = "application/grpc"
    /// What a peer may name in `grpc-encoding`.
    package static let acceptedEncodings = "identity"
}

extension Status {
    /// The bound on `grpc-message` as it travels: clients refuse trailers over 8 KiB.
    package static let messageBytesMax = 1024

    /// The fields that end a call whose response headers are sent.
    package var trailerFields: [Field] {
        var fields: [Field] = [(name: FieldName.grpcStatus, value: String(code.rawValue))]
        if !message.isEmpty {
            let text = PercentEncoding.encode(message, encodedBytesMax: Self.messageBytesMax)
            fields.append((name: FieldName.grpcMessage, value: text))
        }
        if !detailsBytes.isEmpty {
            let text = Base64.encode(detailsBytes.span)
            fields.append((name: FieldName.grpcStatusDetails, value: text))
        }
        return fields
    }

    /// The one block of fields that answers a call with nothing but its end (Trailers-Only).
    ///
    /// It names the encodings that are understood: a call refused for its encoding must learn
    /// them from this very answer.
    package func trailersOnlyFields(contentType: String = FieldValue.grpc) -> [Field] {
        [
            (name: FieldName.status, value: "200"),
            (name: FieldName.contentType, value: contentType),
            (name: FieldName.grpcAcceptEncoding, value: FieldValue.acceptedEncodings),
        ] + trailerFields
    }
}

/// The fields a call's answer begins with when messages follow.
package enum ResponseFields {
    package static func ok(contentType: String = FieldValue.grpc) -> [Field] {
        [
            (name: FieldName.status, value: "200"),
            (name: FieldName.contentType, value: contentType),
            (name: FieldName.grpcAcceptEncoding, value: FieldValue.acceptedEncodings),
        ]
    }
}

/// What a client says at the beginning of a call, in the order gRPC asks for.
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
