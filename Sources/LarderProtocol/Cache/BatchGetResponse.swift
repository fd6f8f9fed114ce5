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
            let answerBytes = response.head.encodedBytes(valueCount: response.value.count)
            response.head.encode(
                into: &writer, .batch(answerBytes: answerBytes), value: response.value.span)
        }
    }

    /// How much one more response of `answerBytes` bytes adds to the message.
    package static func appendedBytes(answerBytes: Int) -> Int {
        1 + WireWriter.varintBytes(UInt64(answerBytes)) + answerBytes
    }
}
