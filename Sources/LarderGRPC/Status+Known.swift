/// The ends that the way of a call chooses by itself, whatever the method.
extension Status {
    /// No method has this path. The path is told back, percent-encoded on its way.
    package static func unknownMethod(path: Span<UInt8>) -> Status {
        Status(.unimplemented, "no such method: " + String(lossy: path), reason: "METHOD_UNKNOWN")
    }

    package static var deadlineExceeded: Status {
        Status(.deadlineExceeded, "the deadline has passed")
    }

    package static var cancelled: Status {
        Status(.cancelled, "the call was cancelled")
    }

    package static var headersTooLarge: Status {
        Status(
            .resourceExhausted, "the request's headers are over the limit",
            reason: "HEADERS_TOO_LARGE")
    }

    package static var requestStalled: Status {
        Status(
            .deadlineExceeded, "the rest of the request did not come in time",
            reason: "REQUEST_STALLED")
    }

    package static var draining: Status {
        Status(.unavailable, "the server is shutting down", reason: "DRAINING")
    }

    static var malformedTimeout: Status {
        Status(
            .internal, "grpc-timeout is not one to eight digits and a unit",
            reason: "TIMEOUT_MALFORMED")
    }

    static var unsupportedEncoding: Status {
        Status(
            .unimplemented, "grpc-encoding names a compression this server does not have",
            reason: "ENCODING_UNSUPPORTED",
            metadata: [(key: "supported", value: FieldValue.acceptedEncodings)])
    }

    static var unsupportedCodec: Status {
        Status(
            .unimplemented, "the content-type names a codec this server does not have",
            reason: "CODEC_UNSUPPORTED", metadata: [(key: "supported", value: "proto")])
    }

    static var pathMissing: Status {
        Status(.unimplemented, "the request has no path", reason: "METHOD_UNKNOWN")
    }

    static var pathTooLong: Status {
        Status(
            .unimplemented, "no such method: the path is longer than any",
            reason: "METHOD_UNKNOWN",
            metadata: [(key: "limit", value: String(CallHead.pathBytesMax))])
    }

    static var requestMissing: Status {
        Status(
            .unimplemented, "the method takes one message, none came", reason: "MESSAGE_MISSING")
    }

    static var requestSurplus: Status {
        Status(
            .unimplemented, "the method takes one message, more came", reason: "MESSAGE_SURPLUS")
    }

    /// The reason of a message that is over the receiver's limit.
    package static let messageTooLarge = "MESSAGE_TOO_LARGE"

    package init(_ error: DeframeError) {
        switch error {
        case .messageTooLarge(let announcedBytes, let limitBytes):
            self.init(
                .resourceExhausted,
                "a message of \(announcedBytes) bytes is over the limit of \(limitBytes) bytes",
                reason: Self.messageTooLarge,
                metadata: [
                    (key: "limit", value: String(limitBytes)),
                    (key: "value", value: String(announcedBytes)),
                ])
        case .compressedWithoutEncoding:
            self.init(
                .internal, "a message is flagged as compressed, but the call names no compression",
                reason: "MESSAGE_FLAG")
        case .unknownFlag(let flag):
            self.init(
                .internal, "a message begins with the flag \(flag), not 0 or 1",
                reason: "MESSAGE_FLAG")
        case .truncated:
            self.init(.internal, "the stream ends inside a message", reason: "MESSAGE_TRUNCATED")
        }
    }
}

extension String {
    /// The bytes as text; what is no UTF-8 is replaced.
    package init(lossy bytes: Span<UInt8>) {
        self.init(decoding: [UInt8](copying: bytes), as: UTF8.self)
    }
}

extension [UInt8] {
    /// An owned copy.
    init(copying bytes: Span<UInt8>) {
        self.init(capacity: bytes.count) { output in
            for index in bytes.indices { output.append(bytes[index]) }
        }
    }
}
