// All methods over one small cache, with a clock that the input moves. Input: see `MethodStep`.

import LarderCache
import LarderGRPC
import LarderProtocol
import LarderService

@c(LLVMFuzzerTestOneInput)
func oneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var run = MethodRun(unsafe FuzzInput(start, count))
    run.play()
    return 0
}

private struct MethodRun: ~Copyable {
    private static let budgets: [UInt64] = [1 << 16, 0, 1_000, 1 << 20]

    // A clock of nanoseconds since the machine's start comes nowhere near.
    private static let nowNanosMax: UInt64 = 1 << 62

    private struct Stream {
        let method: Method
        let call: any StreamingCall
    }

    private var input: FuzzInput
    private let cache: Cache
    private let services: Services
    private let health = HealthState()
    private var nowNanos: UInt64 = 1_000_000_000_000
    private var streams = [Stream?](repeating: nil, count: MethodStep.streamsMax)
    private var reply = Reply()
    private var lastCursor: [UInt8] = []

    init(_ input: FuzzInput) {
        self.input = input
        var limits = Limits()
        limits.keyBytesMax = 64
        limits.inlineBytesMax = 4_096
        limits.valueBytesMax = 8_192
        limits.batchItemsMax = 16
        limits.batchBytesMax = 4_096
        limits.bulkSessionsMax = 3
        limits.bulkSessionNanos = 1 << 32
        limits.bulkSessionIDBytesMax = 8
        limits.bulkAssemblyBytesMax = 2_000
        limits.exportMessageBytes = 512
        limits.exportPendingBytesMax = 2_048
        limits.pipelineMessageBytes = 512
        limits.pipelinePendingBytesMax = 1_024
        limits.pipelineBacklogBytesMax = 4_096
        cache = Cache(
            Cache.Configuration(
                budgetBytes: Self.budgets[0], seed: HashSeed(1, 2, 3, 4),
                keyBytesMax: limits.keyBytesMax, valueBytesMax: limits.valueBytesMax,
                shardCount: 2))
        services = Services(
            cache: cache, limits: limits, nodeID: "node", serverVersion: "1", health: health,
            startID: 7, control: Self.control)
    }

    /// One setting, which takes every value.
    private static let control = ServerControl(
        facts: { ServerControl.Facts() },
        settings: { [setting("1")] },
        change: { changes in
            guard changes.allSatisfy({ $0.name == "a" }) else { return .failure(.settingUnknown) }
            return .success(changes.map { setting($0.value) })
        },
        shutDown: { _ in })

    private static func setting(_ value: String) -> ServerControl.Setting {
        ServerControl.Setting(
            name: "a", value: value, defaultValue: "0", source: "file", isLive: true, help: "help")
    }

    mutating func play() {
        while !input.isAtEnd {
            let byte = input.byte()
            step(MethodStep(byte), argument: Int(byte >> 4))
        }
        for stream in streams { stream?.call.cancelled() }
        streams = []
        cache.checkInvariants()
        cache.flush()
        let statistics = cache.statistics()
        precondition(statistics.entries == 0 && statistics.usedBytes == 0, "a flush leaves nothing")
    }

    private mutating func step(_ step: MethodStep, argument: Int) {
        let place = argument % MethodStep.streamsMax
        switch step {
        case .call, .callAgain: call(at: place)
        case .open: open(method(), at: place)
        case .message, .messageAgain:
            let message = input.lengthAndRun()
            event(at: place) { call, nowNanos, reply in
                call.received(
                    message.span, nowNanos: nowNanos, sentAll: argument & 8 == 0, reply: &reply)
            }
        case .halfClose:
            event(at: place) { call, nowNanos, reply in
                call.halfClosed(nowNanos: nowNanos, sentAll: argument & 8 == 0, reply: &reply)
            }
        case .writable:
            event(at: place) { call, nowNanos, reply in
                call.writable(nowNanos: nowNanos, reply: &reply)
            }
        case .woken:
            event(at: place) { call, nowNanos, reply in
                call.woken(nowNanos: nowNanos, reply: &reply)
            }
        case .cancel:
            streams[place]?.call.cancelled()
            streams[place] = nil
        case .wait:
            let passed: UInt64 = 1 << (UInt64(input.byte()) % 61)
            nowNanos = min(nowNanos + passed, Self.nowNanosMax)
        case .expire: _ = services.expire(nowNanos: nowNanos, limit: argument)
        case .setBudget: cache.setBudget(Self.budgets[argument % Self.budgets.count])
        case .flush: cache.flush()
        case .setHealth: health.phase = HealthState.Phase(rawValue: UInt8(argument)) ?? .serving
        case .path: lookUp(input.lengthAndRun())
        case .forgedCursor: forgeCursor()
        }
    }

    private mutating func method() -> Method {
        MethodTable.all[input.choice(of: MethodTable.all.count)]
    }

    private func lookUp(_ path: [UInt8]) {
        guard let found = services.method(path: path.span) else { return }
        precondition(path.elementsEqual("/\(found.fullName)".utf8), "a path finds its method")
    }

    // MARK: Calls

    private mutating func call(at place: Int) {
        let method = method()
        let message = input.lengthAndRun()
        if method.shape == .unary {
            reply.clear()
            services.unary(method, request: message.span, nowNanos: nowNanos, reply: &reply)
            guard let status = reply.status else {
                preconditionFailure("a unary call has an end")
            }
            let messages = checkReply(of: method)
            precondition(messages.count == (status.isOK ? 1 : 0), "one answer or none")
        } else {
            open(method, at: place)
            event(at: place) { call, nowNanos, reply in
                call.received(message.span, nowNanos: nowNanos, sentAll: true, reply: &reply)
            }
        }
    }

    private mutating func open(_ method: Method, at place: Int) {
        guard method.shape != .unary else { return }
        streams[place]?.call.cancelled()
        streams[place] = Stream(
            method: method, call: services.open(method, nowNanos: nowNanos))
    }

    private mutating func event(
        at place: Int, _ body: (any StreamingCall, UInt64, inout Reply) -> Void
    ) {
        guard let stream = streams[place] else { return }
        reply.clear()
        body(stream.call, nowNanos, &reply)
        let messages = checkReply(of: stream.method)
        if stream.method.handler == .export { keepCursor(messages) }
        // A call that has an end is told nothing more.
        if reply.status != nil { streams[place] = nil }
    }

    private mutating func keepCursor(_ messages: [[UInt8]]) {
        guard let last = messages.last, let answer = try? ExportResponse(decoding: last.span)
        else { return }
        lastCursor = answer.cursor
    }

    /// A cursor is no secret, its checksum neither: a peer can make any.
    private mutating func forgeCursor() {
        var cursor = lastCursor
        let checkedBytes = cursor.count - 4
        guard checkedBytes > 0 else { return }
        for _ in 0..<input.choice(of: 4) {
            cursor[input.choice(of: checkedBytes)] ^= input.byte()
        }
        var checksum = CRC32C()
        checksum.update(cursor.span.extracting(first: checkedBytes))
        for index in 0..<4 {
            cursor[checkedBytes + index] = UInt8(
                truncatingIfNeeded: checksum.value >> (8 * UInt32(index)))
        }
        let request = ExportRequest(namespace: "", cursor: cursor).encoded()
        guard let export = MethodTable.all.first(where: { $0.handler == .export }) else { return }
        open(export, at: 0)
        event(at: 0) { call, nowNanos, reply in
            call.received(request.span, nowNanos: nowNanos, sentAll: true, reply: &reply)
        }
    }

    // MARK: Answers

    /// What was said is framed, and each message is one of the method's.
    private func checkReply(of method: Method) -> [[UInt8]] {
        if let status = reply.status {
            precondition(status.code != .unknown, "an end has a reason")
            let isMalformed = status.reason == "MESSAGE_MALFORMED"
            precondition(status.code != .internal || isMalformed, "only the peer is at fault")
            checkEnd(status)
        }
        let messages = MessageList(reply).messages
        for message in messages {
            do throws(WireError) {
                try check(message, of: method)
            } catch {
                preconditionFailure("an answer can be decoded, but: \(error)")
            }
        }
        return messages
    }

    private func check(_ message: [UInt8], of method: Method) throws(WireError) {
        switch method.handler {
        case .get: try MessageKind.getResponse.check(message)
        case .set: try MessageKind.setResponse.check(message)
        case .delete: try MessageKind.deleteResponse.check(message)
        case .batchGet: try MessageKind.batchGetResponse.check(message)
        case .getLimits: try MessageKind.getLimitsResponse.check(message)
        case .bulkLoad: try MessageKind.bulkLoadResponse.check(message)
        case .export: try MessageKind.exportResponse.check(message)
        case .healthCheck, .healthWatch: try MessageKind.healthCheckResponse.check(message)
        case .healthList: try MessageKind.healthListResponse.check(message)
        case .reflection: try MessageKind.reflectionResponse.check(message)
        case .pipeline: try MessageKind.pipelineResponse.check(message)
        case .getStats: try MessageKind.getStatsResponse.check(message)
        case .listNamespaces: try MessageKind.listNamespacesResponse.check(message)
        case .flushNamespace: try MessageKind.flushNamespaceResponse.check(message)
        case .getConfig: try MessageKind.getConfigResponse.check(message)
        case .updateConfig: try MessageKind.updateConfigResponse.check(message)
        case .drain: try MessageKind.drainResponse.check(message)
        case .further, .notServed: preconditionFailure("a method that is not served says nothing")
        }
    }

    /// The trailers of every end are small enough for clients to take.
    private func checkEnd(_ status: Status) {
        let trailersBytesMax = 8_192
        let fields = ErrorDetails.attached(to: status).trailersOnlyFields()
        let bytes = fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 }
        precondition(bytes <= trailersBytesMax, "an end fits into trailers")
    }
}

/// The messages of a reply, with the tails in their places.
private struct MessageList {
    private(set) var messages: [[UInt8]] = []

    init(_ reply: borrowing Reply) {
        var bytes: [UInt8] = []
        var taken = 0
        let written = reply.bytes.array
        for tail in reply.tails {
            bytes += written[taken..<tail.offset]
            taken = tail.offset
            let value = tail.value.bytes
            for index in value.indices { bytes.append(value[index]) }
        }
        bytes += written[taken...]
        precondition(bytes.count == reply.totalBytes, "a reply knows how long it is")
        var rest = bytes[...]
        while !rest.isEmpty {
            precondition(rest.count >= 5 && rest.first == 0, "a message has its prefix")
            let count = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
            precondition(rest.count >= 5 + count, "a message is whole")
            messages.append(Array(rest.dropFirst(5).prefix(count)))
            rest = rest.dropFirst(5 + count)
        }
    }
}
