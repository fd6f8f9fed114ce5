import LarderCache
import LarderProtocol

extension Services {
    /// Reads one item.
    func get(_ bytes: Span<UInt8>, nowNanos: UInt64, reply: inout Reply) throws(Refusal) {
        let request: GetRequestView
        do { request = try GetRequestView(decoding: bytes) } catch { throw Refusal(error) }
        let answer = try read(request, nowNanos: nowNanos)
        reply.beginMessage()
        answer.append(to: &reply)
        reply.endMessage()
    }

    /// What there is under the key of a request.
    func read(
        _ request: borrowing GetRequestView, nowNanos: UInt64
    ) throws(Refusal) -> EntryAnswer {
        try checkKey(request.key)
        try checkNamespace(request.namespace)
        if request.lease != nil { throw .fieldNotServed("GetRequest.lease") }
        let options = ReadOptions(
            peek: request.peek,
            touch: try touch(request.touchTTLMillis),
            ageNanosMax: ageNanosMax(millis: request.maxAgeMillis))
        guard let entry = cache.get(request.key, options, nowNanos: nowNanos) else {
            return EntryAnswer(.miss)
        }
        if request.ifVersionNot != 0, request.ifVersionNot == entry.version {
            return EntryAnswer(notModified: entry, nowNanos: nowNanos)
        }
        let asked = request.maxInlineBytes
        return EntryAnswer(
            entry, wantsValue: !request.metadataOnly,
            inlineBytesMax: asked == 0 ? limits.inlineBytesMax : asked, nowNanos: nowNanos)
    }

    private func touch(_ millis: UInt64?) throws(Refusal) -> TimeToLive? {
        guard let millis else { return nil }
        return try timeToLive(millis: millis, field: "touch_ttl_millis")
    }

    /// The oldest that an answer may be; 0 is any age.
    func ageNanosMax(millis: UInt32) -> UInt64? {
        millis == 0 ? nil : UInt64(millis) * nanosPerMilli
    }
}
