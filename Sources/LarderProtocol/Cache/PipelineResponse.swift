/// Answers to operations, each with its operation's id.
package struct PipelineResponse: WireMessage {
    package var results: [OperationResult]

    package init() { self.init([]) }

    package init(_ results: [OperationResult]) { self.results = results }

    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        self.init()
        var reader = WireReader(bytes)
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1):
                var inner = try reader.messageField()
                results.append(try OperationResult(&inner))
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        for result in results {
            writer.message(1) { output in result.encode(into: &output) }
        }
    }

    // Three tags and varints.
    static let resultHeadBytesMax = 3 * (1 + 10)

    /// Begins one more result, whose answer, `answerBytes` long, is the caller's to write next.
    package static func beginResult(
        _ id: UInt64, _ member: OperationResult.Member, answerBytes: Int,
        into writer: inout WireWriter
    ) {
        writer.fields(bytesMax: Self.resultHeadBytesMax) { output, start in
            putResult(id, member, answerBytes: answerBytes, into: &output, at: start)
        }
    }

    @inline(__always)
    static func putResult(
        _ id: UInt64, _ member: OperationResult.Member, answerBytes: Int,
        into output: inout MutableSpan<UInt8>, at start: Int
    ) -> Int {
        let inner =
            WireWriter.uintBytes(1, id) + 1 + WireWriter.varintBytes(UInt64(answerBytes))
            + answerBytes
        var end = output.putField(.bytes(1), UInt64(inner), at: start)
        end = output.putUInt(1, id, at: end)
        return output.putField(.bytes(member.rawValue), UInt64(answerBytes), at: end)
    }
}
