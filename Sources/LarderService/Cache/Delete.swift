import LarderCache
import LarderProtocol

extension Services {
    /// Removes one item.
    func delete(_ bytes: Span<UInt8>, nowNanos: UInt64, reply: inout Reply) throws(Refusal) {
        let request: DeleteRequestView
        do { request = try DeleteRequestView(decoding: bytes) } catch { throw Refusal(error) }
        let outcome = try remove(request, nowNanos: nowNanos)
        reply.beginMessage()
        DeleteResponse(outcome: outcome).encode(into: &reply.bytes)
        reply.endMessage()
    }

    /// Removes what is under the key of a request.
    func remove(
        _ request: borrowing DeleteRequestView, nowNanos: UInt64
    ) throws(Refusal) -> LarderProtocol.DeleteOutcome {
        try checkKey(request.key)
        try checkNamespace(request.namespace)
        if request.markStale { throw .fieldNotServed("DeleteRequest.mark_stale") }
        if request.leaseToken != 0 { throw .fieldNotServed("DeleteRequest.lease_token") }
        let version = request.ifVersion == 0 ? nil : request.ifVersion
        switch cache.delete(request.key, ifVersion: version, nowNanos: nowNanos) {
        case .deleted: return .deleted
        case .miss: return .miss
        case .conditionFailed: return .conditionFailed
        }
    }
}
