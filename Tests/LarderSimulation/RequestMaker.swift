import LarderGRPC
import LarderProtocol
import LarderService

/// Makes up calls.
struct RequestMaker {
    private let plan: WorldPlan
    private var generator: SeededGenerator
    private var callCount = 0
    private var sessions: [LoadSession] = []
    private let fault: PlantedFault?
    /// What was written to keys, for faults that write it again.
    private var writtenValues: [[UInt8]: [UInt8]] = [:]
    /// Versions that clients have heard of.
    var heardVersions: [UInt64] = [1]

    init(_ plan: WorldPlan, seed: UInt64, fault: PlantedFault?) {
        self.fault = fault
        self.plan = plan
        generator = SeededGenerator(seed: seed ^ 0x5EED)
    }

    mutating func make() -> SimulatedCall {
        callCount += 1
        switch generator.below(40) {
        case 0..<12: return makeGet()
        case 12..<26: return makeSet()
        case 26..<30: return makeDelete()
        case 30..<33: return makeBatchGet()
        case 33..<35: return makeLoad()
        case 35: return makeExport()
        case 36: return makeSmall()
        case 37: return makePipeline()
        default: return makeWrong()
        }
    }

    private mutating func call(
        _ method: String, _ request: SimulatedCall.Request, _ messages: [[UInt8]]
    ) -> SimulatedCall {
        let hasDeadline = plan.setsDeadlines && generator.oneIn(5)
        let nanos = hasDeadline ? 1_000_000 * UInt64(1 + generator.below(3_000)) : nil
        return SimulatedCall(
            number: callCount, method, request, messages: messages, timeoutNanos: nanos)
    }

    private mutating func someKey() -> [UInt8] {
        let number = generator.oneIn(2) ? generator.below(2) : generator.below(plan.keyCount)
        return Array("key-\(number)".utf8)
    }

    /// Bytes that tell whose they are, and where in them one is.
    private mutating func someValue() -> [UInt8] {
        let count = generator.pick(plan.valueBytes)
        let name = Array("\(callCount)/\(generator.below(1_000_000)) ".utf8)
        let seed = UInt8(truncatingIfNeeded: generator.next())
        return (0..<count).map { $0 < name.count ? name[$0] : seed &+ UInt8($0 * 31 >> 3 & 0xFF) }
    }

    private mutating func someTTL() -> UInt64? {
        switch generator.below(6) {
        case 0: 0
        case 1: 1 + UInt64(generator.below(20))
        case 2: 1 + UInt64(generator.below(5_000))
        case 3: 3_600_000
        default: nil
        }
    }

    private mutating func someVersion() -> UInt64 {
        let heard = generator.pick(Array(heardVersions.suffix(8)))
        return generator.oneIn(8) ? heard + 1 : heard
    }

    private mutating func makeGet() -> SimulatedCall {
        let request = someGet()
        return call("Get", .get(request), [request.encoded()])
    }

    private mutating func someGet() -> GetRequest {
        var request = GetRequest(key: someKey(), peek: generator.oneIn(5))
        if generator.oneIn(6) { request.touchTTLMillis = someTTL() }
        if generator.oneIn(6) { request.metadataOnly = true }
        if generator.oneIn(6) { request.ifVersionNot = someVersion() }
        if generator.oneIn(6) { request.maxInlineBytes = UInt32(1 + generator.below(2_000)) }
        if generator.oneIn(6) { request.maxAgeMillis = UInt32(1 + generator.below(1_000)) }
        return request
    }

    private mutating func makeSet() -> SimulatedCall {
        let request = someSet()
        return call("Set", .set(request), [sent(request).encoded()])
    }

    private mutating func someSet() -> SetRequest {
        var request = SetRequest(key: someKey(), value: someValue())
        request.returnCurrent = generator.oneIn(3)
        switch generator.below(14) {
        case 0: request.condition = .ifAbsent(true)
        case 1: request.condition = .ifPresent(true)
        case 2, 3: request.condition = .ifVersion(someVersion())
        case 4:
            request.condition = .ifNewer(true)
            request.version = someVersion()
        case 5: request.version = someVersion()
        case 6: request.mode = .append
        case 7: request.mode = .prepend
        case 8: request.keepTTL = true
        default: break
        }
        if request.mode == .replace {
            request.flags = generator.oneIn(2) ? UInt32(truncatingIfNeeded: generator.next()) : 0
            if !request.keepTTL { request.ttlMillis = someTTL() }
        }
        return request
    }

    /// What is sent of a write: what was made up, unless a fault is to be committed.
    private mutating func sent(_ request: SetRequest) -> SetRequest {
        var sent = request
        if fault == .lostCondition, generator.oneIn(2) { sent.condition = .none }
        if fault == .lostUpdate, let before = writtenValues[request.key], generator.oneIn(4) {
            sent.value = before
        }
        writtenValues[request.key] = request.value
        return sent
    }

    private mutating func makeDelete() -> SimulatedCall {
        let request = someDelete()
        return call("Delete", .delete(request), [request.encoded()])
    }

    private mutating func someDelete() -> DeleteRequest {
        var request = DeleteRequest(key: someKey())
        if generator.oneIn(3) { request.ifVersion = someVersion() }
        return request
    }

    private mutating func makeBatchGet() -> SimulatedCall {
        var request = BatchGetRequest(keys: [])
        for _ in 0..<generator.below(9) { request.keys.append(someKey()) }
        request.metadataOnly = generator.oneIn(6)
        if generator.oneIn(4) { request.maxResponseBytes = UInt32(1 + generator.below(9_000)) }
        return call("BatchGet", .batchGet(request), [request.encoded()])
    }

    // MARK: Streams

    private mutating func makeLoad() -> SimulatedCall {
        var session: LoadSession
        if let known = sessions.last, generator.oneIn(3) {
            session = known
        } else {
            session = makeSession()
        }
        // A client goes on from what it was told, or from before it.
        var first =
            session.start.sessionID.isEmpty || generator.oneIn(3) ? 0 : session.acknowledged
        var messages = [BulkLoadRequest(.start(session.start)).encoded()]
        var batches: [Range<Int>] = []
        while first < session.entries.count {
            let end = min(session.entries.count, first + 1 + generator.below(4))
            var entries = Array(session.entries[first..<end])
            if fault == .wrongLoad, let byte = entries[0].value.first {
                entries[0].value[0] = byte ^ 1
            }
            let batch = EntryBatch(firstIndex: UInt64(first), entries: entries)
            messages.append(BulkLoadRequest(.batch(batch)).encoded())
            batches.append(first..<end)
            first = end
        }
        return call("BulkLoad", .load(LoadPart(session: session, batches: batches)), messages)
    }

    private mutating func makeSession() -> LoadSession {
        let id = generator.oneIn(3) ? "" : "load-\(sessions.count)"
        var start = BulkLoadStart(
            sessionID: id, admission: generator.pick([.policy, .policy, .freeSpaceOnly, .force]),
            ifAbsent: generator.oneIn(4), ackEvery: UInt32(generator.below(5)))
        if generator.oneIn(4) { start.defaultTTLMillis = someTTL() }
        let session = LoadSession(start)
        for _ in 0..<generator.below(12) {
            var head = EntryHead(flags: UInt32(generator.below(3)))
            if generator.oneIn(4) { head.ttlMillis = someTTL() }
            if generator.oneIn(8) { head.version = someVersion() }
            let value = someValue()
            let part = generator.oneIn(4) ? max(1, value.count / 3) : Int.max
            session.add(key: someKey(), value: value, head: head, partBytes: part)
        }
        if !id.isEmpty { sessions.append(session) }
        return session
    }

    private mutating func makePipeline() -> SimulatedCall {
        var id: UInt64 = 0
        var batches: [[Operation]] = []
        for _ in 0..<(1 + generator.below(4)) {
            var batch: [Operation] = []
            for _ in 0..<generator.below(4) {
                id += 1
                let kind: Operation.Kind =
                    switch generator.below(3) {
                    case 0: .get(someGet())
                    case 1: .set(someSet())
                    default: .delete(someDelete())
                    }
                batch.append(Operation(id: id, kind, quiet: generator.oneIn(4)))
            }
            batches.append(batch)
        }
        return call("Pipeline", .pipeline(batches), batches.map { PipelineRequest($0).encoded() })
    }

    private mutating func makeExport() -> SimulatedCall {
        var request = ExportRequest(namespace: "")
        if generator.oneIn(3) { request.keyPrefix = Array("key-1".utf8) }
        request.metadataOnly = generator.oneIn(4)
        if generator.oneIn(4) { request.limit = 1 + UInt64(generator.below(5)) }
        return call("Export", .export(request), [request.encoded()])
    }

    // MARK: Others

    private mutating func makeSmall() -> SimulatedCall {
        let health = HealthCheckRequest(service: "").encoded()
        switch generator.below(3) {
        case 0: return call("GetLimits", .limits, [GetLimitsRequest().encoded()])
        case 1: return call("/grpc.health.v1.Health/Check", .health, [health])
        default: return call("/grpc.health.v1.Health/Watch", .watch, [health])
        }
    }

    private mutating func makeWrong() -> SimulatedCall {
        let set = SetRequest(key: someKey(), value: someValue()).encoded()
        switch generator.below(6) {
        case 0: return call("Get", .wrong([.invalidArgument]), [GetRequest(key: []).encoded()])
        case 1: return call("Nothing", .wrong([.unimplemented]), [set])
        case 2: return call("Set", .wrong([.unimplemented]), [set, set])
        case 3: return call("Set", .wrong([.internal]), [[10, 200, 1, 1]])
        case 4: return call("Delete", .wrong([.unimplemented, .internal]), [])
        default:
            let value = [UInt8](repeating: 1, count: Int(plan.limits.messageBytesMax) + 10)
            let large = SetRequest(key: someKey(), value: value).encoded()
            return call("Set", .wrong([.resourceExhausted]), [large])
        }
    }
}
