/// What a `GetResponse` stands in, and how many bytes the response is long.
package enum GetResponsePlace: Sendable {
    /// It is the message.
    case message
    /// One more response of a `BatchGetResponse`.
    case batch(answerBytes: Int)
    /// One more result of a `PipelineResponse`, of the operation `id`.
    case pipeline(id: UInt64, answerBytes: Int)

    /// Of what stands before the response.
    static let bytesMax = PipelineResponse.resultHeadBytesMax

    /// Writes what stands before the response.
    ///
    /// - Returns: where the response goes.
    @inline(__always)
    func put(into output: inout MutableSpan<UInt8>, at start: Int) -> Int {
        switch self {
        case .message: start
        case .batch(let answerBytes):
            output.putField(.bytes(1), UInt64(answerBytes), at: start)
        case .pipeline(let id, let answerBytes):
            PipelineResponse.putResult(
                id, .get, answerBytes: answerBytes, into: &output, at: start)
        }
    }
}
