import LarderCache
import LarderProtocol

extension Services {
    /// Removes one item.
    func delete(_ bytes: Span<UInt8>, nowNanos: UInt64, reply: inout Reply) throws(Refusal) {
        let request: DeleteRequestView
        do { request = try DeleteRequestView(decoding: bytes) } catch { throw Refusal(error) }
        try checkKey(request.key)
        try checkNamespace(request.namespace)
        if request.markStale { throw .fieldNotServed("DeleteRequest.mark_stale") }
        if request.leaseToken != 0 { throw .fieldNotServed("DeleteRequest.lease_token") }

        let version = request.ifVersion == 0 ? nil : request.ifVersion
        let outcome: LarderProtocol.DeleteOutcome
        switch cache.delete(request.key, ifVersion: version, nowNanos: nowNanos) {
        case .deleted: outcome = .deleted
        case .miss: outcome = .miss
        case .conditionFailed: outcome = .conditionFailed
        }
        reply.beginMessage()
        DeleteResponse(outcome: outcome).encode(into: &reply.bytes)
        reply.endMessage()
    }
}
