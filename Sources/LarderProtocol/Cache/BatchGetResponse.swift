/// The answer to a BatchGet: one response for each key, in the order of the keys.
package struct BatchGetResponse: WireMessage {
    package var responses: [GetResponse]

    package init() { self.init(responses: []) }

    package init(responses: [GetResponse]) { self.responses = responses }

    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        self.init()
        var reader = WireReader(bytes)
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1):
                var inner = try reader.messageField()
                var response = GetResponseView()
                try response.merge(&inner)
                responses.append(GetResponse(response))
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        for response in responses {
            BatchGetResponse.append(response.head, value: response.value.span, into: &writer)
        }
    }

    /// Appends one more response.
    package static func append(
        _ head: GetResponseHead, value: Span<UInt8>, into writer: inout WireWriter
    ) {
        writer.bytesHeader(1, count: head.encodedBytes(valueCount: value.count))
        head.encode(into: &writer, value: value)
    }

    /// Appends one more response but for its value, whose `tailBytes` bytes, at least one, are the
    /// caller's to send next.
    package static func append(
        _ head: GetResponseHead, tailBytes: Int, into writer: inout WireWriter
    ) {
        writer.bytesHeader(1, count: head.encodedBytes(valueCount: tailBytes))
        head.encode(into: &writer, tailBytes: tailBytes)
    }

    /// How much one more response adds to the message.
    package static func appendedBytes(_ head: GetResponseHead, valueCount: Int) -> Int {
        appendedBytes(answerBytes: head.encodedBytes(valueCount: valueCount))
    }

    /// How much one more response of `answerBytes` bytes adds to the message.
    package static func appendedBytes(answerBytes: Int) -> Int {
        1 + WireWriter.varintBytes(UInt64(answerBytes)) + answerBytes
    }
}
