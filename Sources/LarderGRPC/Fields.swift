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
    static let grpcEncoding = "grpc-encoding"
    static let grpcTimeout = "grpc-timeout"
}

/// The field values of a call, spelt once.
package enum FieldValue {
    package static let grpc = "application/grpc"
    /// What a peer may name in `grpc-encoding`.
    package static let acceptedEncodings = "identity,deflate,gzip"
}

/// The fields a call's answer begins with when messages follow.
package enum ResponseFields {
    package static func ok(
        contentType: String = FieldValue.grpc, encoding: MessageEncoding = .identity
    ) -> [Field] {
        var fields: [Field] = [
            (name: FieldName.status, value: "200"),
            (name: FieldName.contentType, value: contentType),
            (name: FieldName.grpcAcceptEncoding, value: FieldValue.acceptedEncodings),
        ]
        if encoding != .identity {
            fields.append((name: FieldName.grpcEncoding, value: encoding.name))
        }
        return fields
    }
}
