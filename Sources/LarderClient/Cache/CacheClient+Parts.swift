import LarderGRPC
package import LarderProtocol

extension CacheClient {
    /// Stores an item whose value may be too long for one message: then it is sent in parts, by a
    /// bulk load of this one item, which tells no version.
    ///
    /// A write that a load cannot make (an append, most conditions) is sent whole in any case, for
    /// the server to answer.
    package func setInParts(
        _ request: SetRequest, timeoutMillis: UInt64? = nil
    ) async throws(ClientError) -> SetResponse {
        guard request.value.count > EntrySplitter.partBytesDefault, let entry = request.loaded
        else { return try await set(request, timeoutMillis: timeoutMillis) }
        let limits = try await limits(timeoutMillis: timeoutMillis)
        guard EntrySplitter(limits: limits).partCount(of: entry) > 1 else {
            return try await set(request, timeoutMillis: timeoutMillis)
        }
        let start = BulkLoadStart(
            sessionID: "", ifAbsent: request.condition == .ifAbsent(true))
        let load = try await bulkLoad(start, limits: limits, timeoutMillis: timeoutMillis)
        var sender = load.sender()
        do throws(ClientError) {
            try await sender.append(entry)
            try await sender.finish()
        } catch {
            // What the server has to say is in its answers.
            guard error == .callEnded else { throw error }
        }
        var tally = BulkLoadResponse()
        while let answer = try await load.nextAcknowledgement() { tally = answer }
        if let error = tally.errors.first?.error {
            throw .status(
                Status(
                    StatusCode(rawValue: UInt8(clamping: error.code)) ?? .unknown, error.message,
                    reason: error.reason))
        }
        return SetResponse(
            outcome: tally.stored > 0
                ? .stored : tally.conditionFailed > 0 ? .conditionFailed : .notAdmitted)
    }
}

extension SetRequest {
    /// The entry of a load that does the same; nil if none does.
    fileprivate var loaded: Entry? {
        guard condition == .none || condition == .ifAbsent(true), mode == .replace, !keepTTL,
            version == 0, leaseToken == 0, !returnCurrent
        else { return nil }
        return Entry(
            key: key, value: value, namespace: namespace,
            head: EntryHead(
                ttlMillis: ttlMillis, staleMillis: staleMillis, idleMillis: idleMillis,
                flags: flags, cost: cost, priority: priority),
            tags: tags)
    }
}
