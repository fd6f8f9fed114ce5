import LarderGRPC
import LarderProtocol

extension Replay {
    // MARK: Loads

    /// The entries of one message: each may have been stored, if it had not been before.
    mutating func checkLoad(_ call: SimulatedCall, message: Int, nowNanos: UInt64) throws {
        guard case .load(let part) = call.request else { return }
        let session = part.session
        let last = try Self.lastWord(call)
        let told = Int(last.committed)
        // Which entries were rejected is not looked at.
        let mayReject = last.rejected > 0
        // A load without a name is over with its call.
        let id =
            session.start.sessionID.isEmpty ? ObjectIdentifier(call) : ObjectIdentifier(session)
        var progress = loads[id] ?? LoadProgress()
        // What was forgotten on the way may have been done again from its beginning.
        let isIdle = nowNanos - min(nowNanos, progress.usedAtNanos) > sessionNanos
        progress.isDoubtful = progress.isDoubtful || isIdle && progress.usedAtNanos > 0
        progress.usedAtNanos = nowNanos
        defer { loads[id] = progress }
        guard message > 0 else { return }
        for index in part.batches[message - 1] where progress.isDoubtful || index >= progress.sure {
            let isSure = index < told && !progress.isDoubtful
            let mayBeSecond = index < progress.possible
            progress.possible = max(progress.possible, index + 1)
            if let unit = session.units[index] {
                let isDone = isSure && !mayBeSecond && !mayReject
                store(unit, session.start, isSure: isDone, nowNanos: nowNanos)
            }
            if isSure { progress.sure = max(progress.sure, index + 1) }
        }
    }

    private mutating func store(
        _ unit: LoadSession.Unit, _ start: BulkLoadStart, isSure: Bool, nowNanos: UInt64
    ) {
        guard let states = model.states(unit.key, nowNanos: nowNanos) else { return }
        let request = SetRequest(
            key: unit.key, value: unit.value,
            ttlMillis: unit.head.ttlMillis ?? start.defaultTTLMillis,
            flags: unit.head.flags, condition: start.ifAbsent ? .ifAbsent(true) : .none,
            version: unit.head.version)
        var after: [ModelItem?] = isSure ? [] : states
        for item in states {
            if Writing.mayHold(request.condition, item, request),
                var written = Writing.written(request, over: item, nowNanos: nowNanos)
            {
                if written.version == nil { written.versionAbove = model.latestVersion(unit.key) }
                after.append(written)
                if model.mayEvict { after.append(nil) }
            }
            if Writing.mayFail(request.condition, item, request) { after.append(item) }
        }
        model.note(unit.key, after)
    }

    /// What the client was told last; throws if the tallies go back.
    private static func lastWord(_ call: SimulatedCall) throws -> BulkLoadResponse {
        var last = BulkLoadResponse(committed: 0)
        for answer in try call.decoded(as: BulkLoadResponse.self) {
            guard answer.committed >= last.committed else {
                throw Violation("call \(call.number), BulkLoad: committed goes back")
            }
            last = answer
        }
        return last
    }

    /// Checks the last word of a load that ended well.
    static func checkLoadEnd(_ call: SimulatedCall, mayEvict: Bool) throws {
        guard case .load(let part) = call.request, call.status?.isOK == true else { return }
        let answers: [BulkLoadResponse] = try call.decoded()
        guard let last = answers.last, last.done else {
            throw Violation("call \(call.number), BulkLoad: no last word")
        }
        let total = part.batches.last?.upperBound ?? 0
        let settled =
            last.stored + last.notAdmitted + last.conditionFailed + last.rejected
        guard Int(last.committed) >= total, settled <= last.committed,
            mayEvict || last.notAdmitted + last.rejected == 0
        else { throw Violation("call \(call.number), BulkLoad: a wrong tally \(last)") }
    }

    // MARK: Exports

    /// Each entry that came must have been there while the export ran; where nothing is evicted,
    /// what was there all the time must have come.
    mutating func checkExport(_ call: SimulatedCall, nowNanos: UInt64) throws {
        guard case .export(let request) = call.request, let watch = model.endWatch(call) else {
            return
        }
        var came: [[UInt8]: Int] = [:]
        var parts: [[UInt8]: [UInt8]] = [:]
        for message in try call.decoded(as: ExportResponse.self) {
            for entry in message.entries {
                var whole = entry
                if !request.metadataOnly, entry.head.valueBytes > 0 {
                    let before = entry.head.valueOffset == 0 ? [] : parts[entry.key] ?? []
                    guard UInt64(before.count) == entry.head.valueOffset else {
                        throw Violation("call \(call.number), Export: a part is missing")
                    }
                    whole.value = before + entry.value
                    parts[entry.key] = whole.value
                    if UInt64(whole.value.count) < entry.head.valueBytes { continue }
                    parts[entry.key] = nil
                }
                guard watch.has(whole, isMetadataOnly: request.metadataOnly) else {
                    throw Violation(
                        "call \(call.number), Export \(text(entry.key)): version "
                            + "\(entry.head.version) [\(text(whole.value))] was never there")
                }
                came[entry.key, default: 0] += 1
            }
        }
        guard call.status?.isOK == true, request.limit == 0, !model.mayEvict else { return }
        for (key, item) in watch.untouched
        where key.starts(with: request.keyPrefix) && !item.isOver(nowNanos: nowNanos) {
            guard came[key] != nil else {
                throw Violation("call \(call.number), Export: \(text(key)) is missing")
            }
        }
    }
}

extension ExportWatch {
    func has(_ entry: Entry, isMetadataOnly: Bool) -> Bool {
        if unknown.contains(entry.key) { return true }
        return (seen[entry.key] ?? []).contains { item in
            let isSameValue =
                isMetadataOnly
                ? entry.head.valueBytes == UInt64(item.value.count) : entry.value == item.value
            return isSameValue && item.mayHave(version: entry.head.version)
                && item.flags == entry.head.flags
                && (item.expiresAtNanos == nil) == (entry.head.ttlMillis == nil)
        }
    }
}
