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
