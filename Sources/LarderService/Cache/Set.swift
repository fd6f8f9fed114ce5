import LarderCache
import LarderPages
import LarderProtocol

extension Services {
    /// Stores one item.
    func set(_ bytes: Span<UInt8>, nowNanos: UInt64, reply: inout Reply) throws(Refusal) {
        let request: SetRequestView
        do { request = try SetRequestView(decoding: bytes) } catch { throw Refusal(error) }
        let answer = try store(request, nowNanos: nowNanos)
        reply.beginMessage()
        answer.append(to: &reply)
        reply.endMessage()
    }

    /// As `set`, of a request in pages of its own, which the item may take over.
    func set(
        _ pages: consuming PageRun, nowNanos: UInt64, reply: inout Reply
    ) throws(Refusal) {
        let key: Range<Int>
        let value: Range<Int>
        let options: WriteOptions
        do {
            let bytes = pages.bytes
            let request: SetRequestView
            do { request = try SetRequestView(decoding: bytes) } catch { throw Refusal(error) }
            options = try checked(request)
            key = bytes.indices(of: request.key) ?? 0..<0
            value = bytes.indices(of: request.value) ?? 0..<0
        }
        let outcome = cache.set(pages, key: key, value: value, options, nowNanos: nowNanos)
        let answer = try answer(outcome, keyBytes: key.count, valueBytes: value.count, nowNanos)
        reply.beginMessage()
        answer.append(to: &reply)
        reply.endMessage()
    }

    /// Stores what a request says under its key.
    func store(
        _ request: borrowing SetRequestView, nowNanos: UInt64
    ) throws(Refusal) -> SetAnswer {
        let options = try checked(request)
        let outcome = cache.set(request.key, request.value, options, nowNanos: nowNanos)
        return try answer(
            outcome, keyBytes: request.key.count, valueBytes: request.value.count, nowNanos)
    }

    /// What a request asks for, if it may be asked for.
    private func checked(_ request: borrowing SetRequestView) throws(Refusal) -> WriteOptions {
        try checkKey(request.key)
        try checkNamespace(request.namespace)
        try checkValue(bytes: UInt64(request.value.count))
        return try writeOptions(request)
    }

    private func answer(
        _ outcome: consuming WriteOutcome, keyBytes: Int, valueBytes: Int, _ nowNanos: UInt64
    ) throws(Refusal) -> SetAnswer {
        switch consume outcome {
        case .stored(let version): return SetAnswer(.stored, version: version)
        case .conditionFailed(let version, let current):
            guard let entry = consume current else {
                return SetAnswer(.conditionFailed, version: version)
            }
            return SetAnswer(
                .conditionFailed, version: version,
                current: EntryAnswer(
                    entry, wantsValue: true, inlineBytesMax: limits.inlineBytesMax,
                    nowNanos: nowNanos))
        case .notAdmitted: return SetAnswer(.notAdmitted)
        case .rejected(let reason):
            throw Refusal(reason, keyBytes: keyBytes, valueBytes: UInt64(valueBytes))
        }
    }

    private func writeOptions(_ request: borrowing SetRequestView) throws(Refusal) -> WriteOptions {
        try checkServed(request)
        let mode = try writeMode(request)
        let condition = try condition(request)
        if request.keepTTL, request.ttlMillis != nil {
            throw .fieldsContradict("keep_ttl and ttl_millis cannot both be meant")
        }
        let timeToLive: TimeToLive =
            request.keepTTL
            ? .keep : try timeToLive(millis: request.ttlMillis, field: "ttl_millis")
        return WriteOptions(
            timeToLive: timeToLive, idleNanosMax: try idleNanosMax(millis: request.idleMillis),
            flags: request.flags,
            version: request.version == 0 ? nil : request.version, condition: condition,
            mode: mode, returnCurrent: request.returnCurrent)
    }

    /// Refuses what would have to be ignored.
    private func checkServed(_ request: borrowing SetRequestView) throws(Refusal) {
        if request.staleMillis != 0 { throw .fieldNotServed("SetRequest.stale_millis") }
        if request.leaseToken != 0 { throw .fieldNotServed("SetRequest.lease_token") }
        if request.tagCount != 0 { throw .fieldNotServed("SetRequest.tags") }
    }

    private func condition(
        _ request: borrowing SetRequestView
    ) throws(Refusal) -> LarderCache.WriteCondition {
        switch request.condition {
        case .none, .ifAbsent(false), .ifPresent(false), .ifNewer(false): return .always
        case .ifAbsent(true): return .ifAbsent
        case .ifPresent(true): return .ifPresent
        case .ifVersion(let version): return .ifVersion(version)
        case .ifNewer(true):
            if request.version == 0 { throw .fieldsContradict("if_newer needs a version") }
            return .ifNewer
        }
    }

    private func writeMode(
        _ request: borrowing SetRequestView
    ) throws(Refusal) -> LarderCache.WriteMode {
        let mode: LarderCache.WriteMode
        switch request.mode {
        case .replace: return .replace
        case .append: mode = .append
        case .prepend: mode = .prepend
        default: throw .enumUnknown("mode", number: request.mode.rawValue)
        }
        // An addition keeps what the present item has and so cannot bring its own.
        if request.condition == .ifAbsent(true) {
            throw .fieldsContradict("an addition needs an item, if_absent wants none")
        }
        if request.version != 0 {
            throw .fieldsContradict("an addition cannot set the version")
        }
        if request.flags != 0 || request.ttlMillis != nil || request.idleMillis != 0 {
            throw .fieldsContradict("an addition keeps the item's flags and times")
        }
        return mode
    }
}
