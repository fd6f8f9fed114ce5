import LarderProtocol

extension Services {
    /// Tells the limits and the abilities of this server.
    func getLimits(_ bytes: Span<UInt8>, reply: inout Reply) throws(Refusal) {
        do { _ = try GetLimitsRequest(decoding: bytes) } catch { throw Refusal(error) }
        let answer = limitsAnswer
        reply.beginMessage()
        reply.bytes.append(answer.span)
        reply.endMessage()
    }

    static func limitsAnswer(
        _ limits: Limits, nodeID: String, serverVersion: String
    ) -> [UInt8] {
        var answer = GetLimitsResponse()
        answer.serverVersion = serverVersion
        answer.nodeID = nodeID
        answer.maxKeyBytes = UInt32(clamping: limits.keyBytesMax)
        answer.maxInlineBytes = limits.inlineBytesMax
        answer.maxValueBytes = limits.valueBytesMax
        answer.maxBatchItems = UInt32(clamping: limits.batchItemsMax)
        answer.maxBatchBytes = limits.batchBytesMax
        answer.maxMessageBytes = limits.messageBytesMax
        answer.maxTTLMillis = limits.ttlMillisMax
        answer.encodings = limits.encodings
        return answer.encoded()
    }
}
