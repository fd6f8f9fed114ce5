import LarderGRPC
import LarderProtocol

extension Replay {
    mutating func checkSet(
        _ outcome: Outcome, _ request: SetRequest, nowNanos: UInt64
    ) throws {
        let what = "\(outcome.name), Set \(text(request.key))"
        let course = outcome.course
        if case .refused = course { return }
        guard let states = model.states(request.key, nowNanos: nowNanos) else {
            if case .done = course {
                let answer: SetResponse = try outcome.answer()
                try noteGiven(answer, request, what)
                relearn(request, answer, nowNanos: nowNanos)
            }
            return
        }
        if case .unknown = course {
            var after = states
            for item in states where Writing.mayHold(request.condition, item, request) {
                guard var written = Writing.written(request, over: item, nowNanos: nowNanos)
                else { continue }
                if written.version == nil {
                    written.versionAbove = model.latestVersion(request.key)
                }
                after.append(written)
                if model.mayEvict { after.append(nil) }
            }
            return model.note(request.key, after)
        }
        let answer: SetResponse = try outcome.answer()
        try noteGiven(answer, request, what)
        let left = states.compactMap {
            after(answer, request, over: $0, nowNanos: nowNanos)
        }
        guard !left.isEmpty else {
            throw Violation(
                "\(what) if \(request.condition) mode \(request.mode.rawValue): outcome "
                    + "\(answer.outcome.rawValue) version \(answer.version), "
                    + "but it holds \(told(states))")
        }
        model.note(request.key, left)
    }

    private mutating func noteGiven(
        _ answer: SetResponse, _ request: SetRequest, _ what: String
    ) throws {
        guard answer.outcome == .stored else { return }
        if request.version == 0 {
            try model.noteGiven(answer.version, request.key, what)
        } else if request.version != answer.version {
            throw Violation("\(what): version \(answer.version) instead of \(request.version)")
        }
    }

    /// After a write without conditions it is known again what a key holds.
    private mutating func relearn(
        _ request: SetRequest, _ answer: SetResponse, nowNanos: UInt64
    ) {
        guard answer.outcome == .stored, request.mode == .replace, !request.keepTTL,
            var item = Writing.written(request, over: nil, nowNanos: nowNanos)
        else { return }
        item.version = answer.version
        model.note(request.key, [item])
    }

    /// What the key holds if this was the answer to a write over `item`; nil: it cannot have been.
    private func after(
        _ answer: SetResponse, _ request: SetRequest, over item: ModelItem?, nowNanos: UInt64
    ) -> ModelItem?? {
        switch answer.outcome {
        case .stored:
            guard Writing.mayHold(request.condition, item, request),
                var written = Writing.written(request, over: item, nowNanos: nowNanos)
            else { return nil }
            if request.version == 0, let version = item?.version, answer.version <= version {
                return nil
            }
            written.version = answer.version
            return .some(written)
        case .conditionFailed:
            guard Writing.mayFail(request.condition, item, request) else { return nil }
            guard var item else {
                return answer.version == 0 && answer.current == nil ? .some(nil) : nil
            }
            guard item.mayHave(version: answer.version) else { return nil }
            item.version = answer.version
            guard request.returnCurrent else {
                return answer.current == nil ? .some(item) : nil
            }
            guard let current = answer.current else { return nil }
            let plain = GetRequest(key: request.key)
            return Reading(item, plain, nowNanos: nowNanos).matching(current)
        case .notAdmitted: return model.mayEvict ? .some(nil) : nil
        default: return nil
        }
    }
}

/// What a Set does to an item.
enum Writing {
    /// What is there afterwards, without a version of the server's; nil: an addition to nothing.
    static func written(
        _ request: SetRequest, over item: ModelItem?, nowNanos: UInt64
    ) -> ModelItem? {
        let expiry: UInt64?
        if request.keepTTL {
            expiry = item?.expiresAtNanos
        } else {
            let millis = request.ttlMillis ?? 0
            expiry = millis == 0 ? nil : nowNanos + millis * nanosPerMilli
        }
        var written = ModelItem(
            value: request.value, version: request.version == 0 ? nil : request.version,
            flags: request.flags, expiresAtNanos: expiry, writtenAtNanos: nowNanos)
        if request.mode == .replace { return written }
        guard let item else { return nil }
        written.value =
            request.mode == .append ? item.value + request.value : request.value + item.value
        written.flags = item.flags
        written.expiresAtNanos = item.expiresAtNanos
        return written
    }

    /// Whether the condition can hold.
    static func mayHold(
        _ condition: WriteCondition, _ item: ModelItem?, _ request: SetRequest
    ) -> Bool {
        if request.mode != .replace, item == nil { return false }
        switch condition {
        case .none, .ifAbsent(false), .ifPresent(false), .ifNewer(false): return true
        case .ifAbsent(true): return item == nil
        case .ifPresent(true): return item != nil
        case .ifVersion(let version): return item?.mayHave(version: version) ?? false
        case .ifNewer(true):
            guard let item else { return true }
            return item.version.map { $0 < request.version }
                ?? (item.versionAbove + 1 < request.version)
        }
    }

    /// Whether the condition can fail.
    static func mayFail(
        _ condition: WriteCondition, _ item: ModelItem?, _ request: SetRequest
    ) -> Bool {
        if request.mode != .replace, item == nil { return true }
        switch condition {
        case .none, .ifAbsent(false), .ifPresent(false), .ifNewer(false): return false
        case .ifAbsent(true): return item != nil
        case .ifPresent(true): return item == nil
        case .ifVersion(let version): return item?.mayLack(version: version) ?? true
        case .ifNewer(true):
            guard let item else { return false }
            return item.version.map { $0 >= request.version } ?? true
        }
    }
}
