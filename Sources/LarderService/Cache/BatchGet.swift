import LarderCache
import LarderProtocol

extension Services {
    /// Reads several items, each on its own. One key that is wrong is a wrong request.
    func batchGet(_ bytes: Span<UInt8>, nowNanos: UInt64, reply: inout Reply) throws(Refusal) {
        let request: BatchGetRequestView
        do { request = try BatchGetRequestView(decoding: bytes) } catch { throw Refusal(error) }
        try checkNamespace(request.namespace)
        if request.keyCount > limits.batchItemsMax {
            throw .batchTooLong(items: request.keyCount, limit: limits.batchItemsMax)
        }
        if request.keyCount > 0 {
            try checkKey(bytes: request.keyBytesLeast)
            try checkKey(bytes: request.keyBytesMost)
        }

        var batch = BatchAnswer(
            bytesMax: request.maxResponseBytes == 0
                ? limits.batchBytesMax : request.maxResponseBytes,
            items: request.keyCount)
        let options = ReadOptions(
            peek: request.peek, ageNanosMax: ageNanosMax(millis: request.maxAgeMillis))
        reply.beginMessage()
        do {
            var keys = request.keys()
            var keysAhead = request.keys()
            var ahead = LookAhead()
            while let key = try keys.next() {
                while ahead.hasRoom, let next = try keysAhead.next() {
                    cache.prepare(next, in: &ahead)
                }
                guard let entry = cache.get(key, options, &ahead, nowNanos: nowNanos) else {
                    batch.append(EntryAnswer(.miss), to: &reply)
                    continue
                }
                let answer = EntryAnswer(
                    entry, wantsValue: !request.metadataOnly,
                    inlineBytesMax: limits.inlineBytesMax, nowNanos: nowNanos)
                batch.append(answer, to: &reply)
            }
        } catch {
            reply.abandonMessage()
            throw Refusal(error)
        }
        reply.endMessage()
    }
}

/// An answer of many items that stays within its bytes.
private struct BatchAnswer {
    // An item that is left out and one that is not there take as much: two bytes in a field.
    private static let bareItemBytes = 4
    // A message cannot be longer.
    private static let messageBytesMax: UInt32 = 0x7FFF_FFFF

    private var bytesLeft: Int
    private var itemsLeft: Int

    init(bytesMax: UInt32, items: Int) {
        bytesLeft = Int(min(bytesMax, Self.messageBytesMax))
        itemsLeft = items
    }

    /// Appends an item if there is room for it and, without their values, for all that follow. One
    /// that is not there takes no more room than one that is left out, and is never told as such.
    mutating func append(_ answer: consuming EntryAnswer, to reply: inout Reply) {
        let answerBytes = answer.encodedBytes
        let bytes = BatchGetResponse.appendedBytes(answerBytes: answerBytes)
        let isMiss = answer.head.outcome == .miss
        if isMiss || bytes <= bytesLeft - (itemsLeft - 1) * Self.bareItemBytes {
            answer.append(to: &reply, .batch(answerBytes: answerBytes))
            bytesLeft -= bytes
        } else {
            let omission = EntryAnswer(.omitted)
            let omissionBytes = omission.encodedBytes
            omission.append(to: &reply, .batch(answerBytes: omissionBytes))
            bytesLeft -= Self.bareItemBytes
        }
        itemsLeft -= 1
    }
}
