import LarderGRPC
package import LarderHTTP2
import LarderPages
package import LarderService

/// The calls of one connection: an HTTP/2 session whose events become calls, and calls whose
/// answers become submissions.
///
/// A pure machine like the session in it: bytes in, bytes out, time as a parameter.
package struct ConnectionCalls: ~Copyable {
    package var session: ServerSession
    var slots = CallSlots()
    private var knownCalls = KnownCalls()
    /// Unary calls with a deadline whose request did not come with their headers.
    private var awaiting: [StreamRef] = []
    /// Calls that need a timer of their own now; the connection takes them.
    var deadlines: [(stream: StreamRef, atNanos: UInt64)] = []

    /// Calls that want to be woken; the connection takes them.
    var wakes: [(stream: StreamRef, atNanos: UInt64)] = []

    /// Calls whose requests wait for room, in the order they came.
    var waitingUploads: [StreamRef] = []
    /// No more copied bytes wait than this says: a look at the session's own count, and at
    /// the process's, is needed only when it is much.
    var copiedBytesBound = 0
    var isProcessFull = false
    /// What `PeerMemory` was told of this connection.
    var toldUnreadBytes = 0
    /// Copied bytes that the session has given to the socket, which has not taken them.
    var writingBytes = 0

    /// The peer has begun to speak HTTP/2.
    private(set) var hasSeenSettings = false
    /// And has acknowledged our bounds.
    private(set) var hasSeenAcknowledgement = false
    // What should move, as `overdue` last saw it.
    var acknowledgement = Standstill()
    var openList = Standstill()
    var openFrame = Standstill()
    var egress = Standstill()
    var inflating = InflateBudget()
    /// It is being ended for what it sent.
    private(set) var hasOverspent = false

    /// The peer has acknowledged the PING that `beginDrain` sent.
    package private(set) var hasSeenDrainPing = false

    let services: Services
    // Of `services.limits`, which a look from here would copy as a whole.
    let messageBytesMax: UInt32
    let uploads: ConnectionUploads
    /// Where long messages are gathered.
    let pages: PagePool
    let blocks: AnswerBlocks
    /// Decides who may call what; nil: everybody may call everything.
    let gate: CallGate?

    package init(
        services: Services, blocks: AnswerBlocks, options: SessionOptions,
        memory: SessionMemory? = nil, gate: CallGate? = nil
    ) {
        var options = options
        options.varyingField = KnownCalls.timeoutField
        session = ServerSession(options: options, memory: memory)
        self.services = services
        messageBytesMax = services.limits.messageBytesMax
        uploads = ConnectionUploads(services.peerMemory)
        pages = services.pages
        self.blocks = blocks
        self.gate = gate
    }

    /// Takes bytes from the peer and does what they ask for; the answers wait in the session.
    package mutating func receive(
        _ bytes: Span<UInt8>, nowNanos: UInt64, scratch: inout CallScratch
    ) throws(HTTP2Error) {
        defer { holdToBudget(nowNanos: nowNanos) }
        try session.receive(bytes)
        isProcessFull = uploads.memory.isUnreadFull
        handleEvents(bytes, nowNanos: nowNanos, scratch: &scratch)
        if !awaiting.isEmpty { openAwaiting() }
        if !waitingUploads.isEmpty { admitWaiting() }
    }

    /// Handles what draining the session has recorded: streams closed, room to send more.
    ///
    /// - Returns: whether there was anything.
    @discardableResult
    package mutating func handleDrained(nowNanos: UInt64, scratch: inout CallScratch) -> Bool {
        let nothing: [UInt8] = []
        let any = handleEvents(nothing.span, nowNanos: nowNanos, scratch: &scratch)
        holdToBudget(nowNanos: nowNanos)
        tellPending()
        return any
    }

    /// Ends the session of a peer that sends, or makes us send, too much of what is no call.
    private mutating func holdToBudget(nowNanos: UInt64) {
        guard let overspending = session.overspending(nowNanos: nowNanos), !hasOverspent else {
            return
        }
        endForAbuse(Defence(overspending), debug: overspending.debug)
    }

    private mutating func endForAbuse(_ defence: Defence, debug: String) {
        hasOverspent = true
        services.defences.count(defence)
        session.terminate(code: GoAwayCode.enhanceYourCalm, debug: debug)
    }

    @discardableResult
    private mutating func handleEvents(
        _ bytes: Span<UInt8>, nowNanos: UInt64, scratch: inout CallScratch
    ) -> Bool {
        var any = false
        while let event = session.nextEvent() {
            any = true
            switch event {
            case .headers(let stream, let fields, let endOfStream):
                begin(
                    stream, fields, endOfStream: endOfStream, nowNanos: nowNanos, scratch: &scratch)
            case .data(let stream, let range, let flowBytes, let endOfStream):
                let isWithheld = received(
                    stream, bytes.extracting(range), endOfStream: endOfStream, nowNanos: nowNanos,
                    scratch: &scratch)
                if isWithheld {
                    session.withhold(stream, flowBytes)
                } else {
                    session.consume(stream, flowBytes)
                }
            case .endOfStream(let stream), .trailers(let stream, _):
                let nothing: [UInt8] = []
                received(
                    stream, nothing.span, endOfStream: true, nowNanos: nowNanos, scratch: &scratch)
            case .headersTooLarge(let stream):
                services.defences.count(.headerList)
                // The request's own headers, or its trailers.
                if let call = slots.call(inSlotOf: stream) {
                    cancel(call, .headersTooLarge)
                } else {
                    refuse(stream, .headersTooLarge)
                }
            case .bodyLow(let stream):
                if let call = slots.call(inSlotOf: stream), let handler = call.handler {
                    scratch.reply.clear(encoding: call.encodings.answer)
                    let wasPaused = handler.isPaused
                    handler.writable(nowNanos: nowNanos, reply: &scratch.reply)
                    if deliver(scratch.reply, of: call), wasPaused { resume(call) }
                }
            case .closed(let stream, _): forget(stream)
            case .pingAcknowledged(let opaque):
                if opaque == Self.drainPing { hasSeenDrainPing = true }
            case .settingsReceived: hasSeenSettings = true
            case .settingsAcknowledged: hasSeenAcknowledgement = true
            case .reset, .goAway: break
            }
        }
        return any
    }

    // MARK: Beginning

    private mutating func begin(
        _ stream: StreamRef, _ fields: HeaderRange, endOfStream: Bool, nowNanos: UInt64,
        scratch: inout CallScratch
    ) {
        if isProcessFull, let refusal = unreadRefusal() { return refuse(stream, refusal) }
        if let plan = knownCalls.plan(fields, session) {
            beginCall(
                stream, plan.method, plan.encodings, fields, timeoutNanos: plan.timeoutNanos,
                nowNanos: nowNanos)
        } else {
            beginUnknown(stream, fields, nowNanos: nowNanos, scratch: &scratch)
        }
        if endOfStream {
            let nothing: [UInt8] = []
            received(
                stream, nothing.span, endOfStream: true, nowNanos: nowNanos, scratch: &scratch)
        }
    }

    private mutating func beginUnknown(
        _ stream: StreamRef, _ fields: HeaderRange, nowNanos: UInt64, scratch: inout CallScratch
    ) {
        scratch.head.reset()
        let list = session.fields(fields)
        for index in 0..<list.count {
            scratch.head.record(name: list.name(index), value: list.value(index))
        }
        switch scratch.head.verdict() {
        case .call(let timeoutNanos):
            guard let method = services.method(path: scratch.head.path) else {
                // Who is not let in does not hear which methods there are.
                if isTurnedAway(stream, nil, fields) { return }
                return refuse(stream, .unknownMethod(path: scratch.head.path))
            }
            let encodings = CallEncodings(
                request: scratch.head.requestEncoding,
                answer: services.compressesAnswers
                    ? MessageEncoding(acceptedIn: scratch.head.acceptEncoding) : .identity)
            knownCalls.keep(
                CallPlan(method: method, encodings: encodings, timeoutNanos: timeoutNanos), fields)
            beginCall(
                stream, method, encodings, fields, timeoutNanos: timeoutNanos, nowNanos: nowNanos)
        case .reject(let status): refuse(stream, status)
        case .health(let isHead):
            let answer = services.health.isServing ? PlainAnswer.healthy : .unhealthy
            slots.place(PlainRequest(answer: isHead ? answer.withoutBody : answer), at: stream)
        case .plain(let answer): slots.place(PlainRequest(answer: answer), at: stream)
        }
    }

    private mutating func beginCall(
        _ stream: StreamRef, _ method: Method, _ encodings: CallEncodings, _ fields: HeaderRange,
        timeoutNanos: UInt64?, nowNanos: UInt64
    ) {
        if isTurnedAway(stream, method, fields) { return }
        if let refusal = services.refusal(of: method) { return refuse(stream, refusal) }
        let deadline = timeoutNanos.map { nowNanos.addingReportingOverflow($0) }
        let deadlineNanos = deadline.map { $0.overflow ? UInt64.max : $0.partialValue }
        if method.shape == .unary {
            slots.place(
                .awaitingRequest(stream, method, encodings, deadlineNanos: deadlineNanos),
                at: stream)
            if deadlineNanos != nil { awaiting.append(stream) }
        } else {
            let handler =
                method.handler == .further
                ? services.openFurther(method, metadata: metadata(fields), nowNanos: nowNanos)
                : services.open(method, nowNanos: nowNanos)
            open(
                stream, method, encodings, unaryInput(encodings), deadlineNanos: deadlineNanos,
                handler: handler)
        }
    }

    /// Asks the gate, and refuses the call if it says so.
    private mutating func isTurnedAway(
        _ stream: StreamRef, _ method: Method?, _ fields: HeaderRange
    ) -> Bool {
        guard let gate, let refusal = gate.refusal(of: method, session.fields(fields)) else {
            return false
        }
        refuse(stream, refusal)
        if gate.isOverrun, !hasOverspent {
            endForAbuse(.credentialsFlood, debug: "too_many_unauthenticated_calls")
        }
        return true
    }

    private func metadata(_ fields: HeaderRange) -> [Field] {
        let list = session.fields(fields)
        return (0..<list.count).map {
            (String(lossy: list.name($0)), String(lossy: list.value($0)))
        }
    }

    mutating func refuse(_ stream: StreamRef, _ status: Status) {
        slots.clear(stream)
        end(stream, status)
    }

    mutating func answerPlainly(_ stream: StreamRef, _ answer: PlainAnswer) {
        slots.clear(stream)
        let block = HeaderBlock(answer.fields)
        guard !answer.body.isEmpty else {
            return session.respondHeadersOnly(stream, headers: block)
        }
        session.startResponse(stream, headers: block)
        session.send(stream, answer.body.span)
        session.endBody(stream)
    }

    /// Gives a call that is not over yet a place of its own.
    @discardableResult
    mutating func open(
        _ stream: StreamRef, _ method: Method, _ encodings: CallEncodings,
        _ request: consuming UnaryInput, deadlineNanos: UInt64?,
        handler: (any StreamingCall)? = nil
    ) -> OpenCall {
        let call = OpenCall(
            stream, method, encodings, handler: handler, request: request,
            messageBytesMax: messageBytesMax, uploads: uploads, pages: pages)
        slots.place(call)
        if let deadlineNanos { deadlines.append((stream, deadlineNanos)) }
        return call
    }

    /// A request that did not come with its headers can be late: its call gets a timer.
    private mutating func openAwaiting() {
        for stream in awaiting {
            guard
                case .awaitingRequest(_, let method, let encodings, let deadline) = slots[stream]
            else { continue }
            openAwaiting(stream, method, encodings, deadlineNanos: deadline)
        }
        awaiting.removeAll(keepingCapacity: true)
    }

    mutating func openAwaiting(
        _ stream: StreamRef, _ method: Method, _ encodings: CallEncodings, deadlineNanos: UInt64?
    ) {
        open(stream, method, encodings, unaryInput(encodings), deadlineNanos: deadlineNanos)
    }

    func unaryInput(_ encodings: CallEncodings) -> UnaryInput {
        UnaryInput(
            messageBytesMax: messageBytesMax,
            takesCompressed: encodings.takesCompressed, pages: pages)
    }
}
