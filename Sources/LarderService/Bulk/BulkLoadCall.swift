import LarderCache
import LarderGRPC
import LarderProtocol

/// One stream of a bulk load: takes entries, counts what became of them, and tells how far it is.
///
/// Nothing of an entry is kept but the tally, the first few faults and a value that is not whole
/// yet.  What is committed never points inside a split value, so that a load that goes on sends
/// all of its parts again.
final class BulkLoadCall: StreamingCall {
    /// Of faulty entries that are told of.
    static let errorsMax = 16

    private let services: Services
    private var plan: BulkPlan?
    private var hold: BulkSessions.Hold?
    private var progress = BulkSessions.Progress()
    // The index of the next entry to come; ahead of `committed` inside a split value.
    private var nextIndex: UInt64 = 0
    private var split: SplitValue?
    private var errors: [RejectedEntry] = []
    // What the last acknowledgement said, or will say once there is room for it.
    private var acknowledged: UInt64 = 0
    private var owesAcknowledgement = false

    init(_ services: Services) { self.services = services }

    private var isInsideSplit: Bool {
        switch split {
        case .some: true
        case .none: false
        }
    }

    func received(_ message: Span<UInt8>, nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        do throws(Refusal) {
            try checkHold()
            try take(message, nowNanos: nowNanos)
        } catch {
            end(error, reply: &reply)
            return
        }
        if owesAcknowledgement, sentAll { acknowledge(reply: &reply) }
    }

    func halfClosed(nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        do throws(Refusal) {
            if plan == nil { throw .startMissing }
            try checkHold()
            if isInsideSplit { throw .splitUnfinished }
            try record(nowNanos: nowNanos)
        } catch {
            end(error, reply: &reply)
            return
        }
        write(done: true, reply: &reply)
        reply.status = .ok
    }

    func writable(nowNanos: UInt64, reply: inout Reply) {
        if owesAcknowledgement { acknowledge(reply: &reply) }
    }

    func woken(nowNanos: UInt64, reply: inout Reply) {}

    func cancelled() { split = nil }

    /// A client that goes on with the load begins at `committed`.
    var applied: [(key: String, value: String)] {
        guard plan != nil else { return [] }
        return [
            (key: "committed", value: String(progress.committed)),
            (key: "stored", value: String(progress.stored)),
        ]
    }

    private func end(_ refusal: Refusal, reply: inout Reply) {
        split = nil
        reply.status = refusal.status.adding(metadata: applied)
    }

    // MARK: Messages

    private func take(_ message: Span<UInt8>, nowNanos: UInt64) throws(Refusal) {
        let request: BulkLoadRequestView
        do { request = try BulkLoadRequestView(decoding: message) } catch { throw Refusal(error) }
        switch request.part {
        case .none:
            throw plan == nil ? .startMissing : .partMissing
        case .start(let start):
            if plan != nil { throw .startRepeated }
            try begin(start, nowNanos: nowNanos)
        case .batch(let batch):
            guard let plan else { throw .startMissing }
            do throws(Refusal) {
                try take(batch, plan, nowNanos: nowNanos)
            } catch {
                // What came before the fault is done and stays done.
                try record(nowNanos: nowNanos)
                throw error
            }
            try record(nowNanos: nowNanos)
            let due = plan.ackEvery > 0 && progress.committed - acknowledged >= plan.ackEvery
            if due { owesAcknowledgement = true }
        }
    }

    private func begin(_ start: BulkLoadStart, nowNanos: UInt64) throws(Refusal) {
        let limits = services.limits
        guard Namespace.isKnown(start.namespace.utf8.span) else { throw .namespaceUnknown }
        let idBytes = start.sessionID.utf8.count
        guard idBytes <= limits.bulkSessionIDBytesMax else {
            throw .sessionIDTooLong(bytes: idBytes, limit: limits.bulkSessionIDBytesMax)
        }
        let timeToLive = try services.timeToLive(
            millis: start.defaultTTLMillis, field: "default_ttl_millis")
        plan = BulkPlan(
            limits: limits,
            options: WriteOptions(
                timeToLive: timeToLive, condition: start.ifAbsent ? .ifAbsent : .always,
                admission: try admission(start.admission)),
            ackEvery: UInt64(start.ackEvery))
        if start.sessionID.isEmpty { return }
        let hold = services.bulkSessions.open(start.sessionID, nowNanos: nowNanos)
        self.hold = hold
        progress = hold.progress
        nextIndex = progress.committed
        owesAcknowledgement = true
    }

    private func admission(
        _ asked: LarderProtocol.Admission
    ) throws(Refusal) -> LarderCache.Admission {
        switch asked {
        case .policy: return .policy
        case .freeSpaceOnly: return .freeSpaceOnly
        case .force: return .force
        default: throw .enumUnknown("admission", number: asked.rawValue)
        }
    }

    private func checkHold() throws(Refusal) {
        guard let hold else { return }
        if !services.bulkSessions.isHeld(by: hold) { throw .sessionSuperseded }
    }

    private func record(nowNanos: UInt64) throws(Refusal) {
        guard let hold else { return }
        if !services.bulkSessions.record(progress, for: hold, nowNanos: nowNanos) {
            throw .sessionSuperseded
        }
    }

    // MARK: Entries

    private func take(
        _ batch: borrowing EntryBatchView, _ plan: BulkPlan, nowNanos: UInt64
    ) throws(Refusal) {
        guard batch.firstIndex <= nextIndex else {
            throw .gap(firstIndex: batch.firstIndex, expected: nextIndex)
        }
        var index = batch.firstIndex
        var entries = batch.entries()
        while true {
            let entry: EntryView?
            do { entry = try entries.next() } catch { throw Refusal(error) }
            guard let entry else { return }
            if index >= nextIndex {
                try take(entry, plan, index: index, nowNanos: nowNanos)
                nextIndex = index + 1
                if !isInsideSplit { progress.committed = nextIndex }
            }
            index += 1
        }
    }

    private func take(
        _ entry: borrowing EntryView, _ plan: BulkPlan, index: UInt64, nowNanos: UInt64
    ) throws(Refusal) {
        if let crc = entry.head.crc32c, crc != CRC32C.of(key: entry.key, value: entry.value) {
            throw .checksumMismatch(index: index)
        }
        if let split = split.take() {
            try take(entry, of: split, index: index, nowNanos: nowNanos)
            return
        }
        let totalBytes = entry.head.valueBytes
        if totalBytes == 0, entry.head.valueOffset != 0 {
            throw .splitBroken(index: index, "it has a value_offset and no value_bytes")
        }
        if totalBytes == 0 || (entry.head.valueOffset == 0 && totalBytes == entry.value.count) {
            settle(
                entry.key, entry.value, plan.verdict(entry), index: index, nowNanos: nowNanos)
            return
        }
        let begun = SplitValue(
            key: entry.key, index: index, totalBytes: totalBytes, verdict: plan.verdict(entry),
            budget: services.assembly)
        try take(entry, of: begun, index: index, nowNanos: nowNanos)
    }

    private func take(
        _ entry: borrowing EntryView, of split: consuming SplitValue, index: UInt64,
        nowNanos: UInt64
    ) throws(Refusal) {
        try split.append(entry, index: index)
        guard split.isWhole else {
            self.split = consume split
            return
        }
        settle(split.key.span, split.value, split.verdict, index: split.index, nowNanos: nowNanos)
    }

    /// Stores the entry, or does not, and counts which.
    private func settle(
        _ key: Span<UInt8>, _ value: Span<UInt8>, _ verdict: EntryVerdict, index: UInt64,
        nowNanos: UInt64
    ) {
        switch verdict {
        case .reject(let fault):
            reject(fault, index: index)
        case .store(let options):
            switch services.cache.set(key, value, options, nowNanos: nowNanos) {
            case .stored:
                progress.stored += 1
                progress.storedBytes += UInt64(key.count) + UInt64(value.count)
            case .conditionFailed: progress.conditionFailed += 1
            case .notAdmitted: progress.notAdmitted += 1
            case .rejected(let reason):
                reject(
                    .cache(reason, keyBytes: key.count, valueBytes: UInt64(value.count)),
                    index: index)
            }
        }
    }

    private func reject(_ fault: EntryFault, index: UInt64) {
        progress.rejected += 1
        guard errors.count < Self.errorsMax else { return }
        let refusal = fault.refusal(services.limits)
        errors.append(RejectedEntry(index: index, error: OperationError(refusal)))
    }

    // MARK: Answers

    private func acknowledge(reply: inout Reply) {
        owesAcknowledgement = false
        write(done: false, reply: &reply)
    }

    private func write(done: Bool, reply: inout Reply) {
        acknowledged = progress.committed
        reply.beginMessage()
        BulkLoadResponse(
            committed: progress.committed, stored: progress.stored,
            notAdmitted: progress.notAdmitted, conditionFailed: progress.conditionFailed,
            rejected: progress.rejected, storedBytes: progress.storedBytes, done: done,
            errors: errors
        ).encode(into: &reply.bytes)
        reply.endMessage()
    }
}
