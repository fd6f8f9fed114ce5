package import LarderCache
package import LarderGRPC
package import LarderPages

/// All services of one server over one cache: finds methods and answers calls.
///
/// Holds no call's state but what loads leave behind to be continued.  Any thread may use it.
package final class Services: Sendable {
    package let cache: Cache
    package let limits: Limits
    package let health: HealthState
    package let peerMemory: PeerMemory
    package let defences = DefenceCounters()
    package let failures = FailureCounters()
    /// Whether answers are compressed for those who accept it.
    package let compressesAnswers: Bool

    let bulkSessions: BulkSessions
    let assembly: AssemblyBudget
    /// Tells this process's cursors from those of the processes before it.
    let startID: UInt64
    /// GetLimits' answer never changes: a whole message.
    let limitsAnswer: [UInt8]

    let nodeID: String
    let serverVersion: String
    /// Nil: the administration can see and do what is in the services' own hands only.
    let control: ServerControl?

    private let methods: MethodTable
    private let further: (any FurtherMethods)?

    /// Serves `cache`, whose own limits on keys and values are at least those of `limits`.
    ///
    /// `startID` is a number that no other start of this server has, by chance or by clock;
    /// `reflection` tells whether clients may ask for the schema; `further` are methods that are
    /// not the server's own.
    package init(
        cache: Cache, limits: Limits, nodeID: String, serverVersion: String,
        health: HealthState, startID: UInt64, reflection: Bool = true,
        compression: Bool = false, further: (any FurtherMethods)? = nil,
        control: ServerControl? = nil
    ) {
        var limits = limits
        limits.ttlMillisMax = min(limits.ttlMillisMax, Limits.ttlMillisCeiling)
        self.cache = cache
        self.limits = limits
        self.health = health
        peerMemory = PeerMemory(limits)
        self.startID = startID
        self.nodeID = nodeID
        self.serverVersion = serverVersion
        self.control = control
        compressesAnswers = compression
        bulkSessions = BulkSessions(
            sessionsMax: limits.bulkSessionsMax, keptNanos: limits.bulkSessionNanos)
        assembly = AssemblyBudget(bytesMax: limits.bulkAssemblyBytesMax)
        limitsAnswer = Self.limitsAnswer(limits, nodeID: nodeID, serverVersion: serverVersion)
        methods = MethodTable(reflection: reflection)
        self.further = further
    }

    /// The method at `path`, as the request's `:path` says it; nil when the server knows none.
    package func method(path: Span<UInt8>) -> Method? {
        if let method = methods.method(path: path) { return method }
        return further?.method(path: path)
    }

    /// Why the method cannot be called at all, known before any message: nil when it can.
    package func refusal(of method: Method) -> Status? {
        method.isServed ? nil : Refusal.methodNotServed(method).status
    }

    /// Where long messages are gathered: values that come in such pages can stay where they are.
    package var pages: PagePool { cache.pages }

    /// As `unary`, of a request that lies in pages of its own.
    package func unary(
        _ method: Method, pages: consuming PageRun, nowNanos: UInt64, reply: inout Reply
    ) {
        guard method.handler == .set else {
            return unary(method, request: pages.bytes, nowNanos: nowNanos, reply: &reply)
        }
        do throws(Refusal) {
            try set(pages, nowNanos: nowNanos, reply: &reply)
            reply.status = .ok
        } catch {
            reply.status = error.status
        }
    }

    /// Answers a call of one message with one message.  `reply.status` is set in every case.
    package func unary(
        _ method: Method, request: Span<UInt8>, nowNanos: UInt64, reply: inout Reply
    ) {
        do throws(Refusal) {
            switch method.handler {
            case .get: try get(request, nowNanos: nowNanos, reply: &reply)
            case .set: try set(request, nowNanos: nowNanos, reply: &reply)
            case .delete: try delete(request, nowNanos: nowNanos, reply: &reply)
            case .batchGet: try batchGet(request, nowNanos: nowNanos, reply: &reply)
            case .getLimits: try getLimits(request, reply: &reply)
            case .healthCheck: try healthCheck(request, reply: &reply)
            case .healthList: try healthList(request, reply: &reply)
            case .getStats: try getStats(request, reply: &reply)
            case .listNamespaces: try listNamespaces(request, reply: &reply)
            case .flushNamespace: try flushNamespace(request, reply: &reply)
            case .getConfig: try getConfig(method, request, reply: &reply)
            case .updateConfig: try updateConfig(method, request, reply: &reply)
            case .bulkLoad, .export, .pipeline, .healthWatch, .reflection, .drain, .further,
                .notServed:
                throw .methodNotServed(method)
            }
            reply.status = .ok
        } catch {
            reply.status = error.status
        }
    }

    /// Begins a call of a method that is not unary.
    package func open(_ method: Method, nowNanos: UInt64) -> any StreamingCall {
        switch method.handler {
        case .bulkLoad: BulkLoadCall(self)
        case .export: ExportCall(self)
        case .pipeline: PipelineCall(self)
        case .healthWatch: HealthWatchCall(health)
        case .reflection: ReflectionCall()
        case .drain: control.map { DrainCall($0) } ?? RefusedCall(.methodNotServed(method))
        case .get, .set, .delete, .batchGet, .getLimits, .healthCheck, .healthList, .getStats,
            .listNamespaces, .flushNamespace, .getConfig, .updateConfig, .further, .notServed:
            RefusedCall(.methodNotServed(method))
        }
    }

    /// Begins a call of a further method, with all the metadata that came with it.
    package func openFurther(
        _ method: Method, metadata: [Field], nowNanos: UInt64
    ) -> any StreamingCall {
        further?.open(method, metadata: metadata, nowNanos: nowNanos)
            ?? RefusedCall(.methodNotServed(method))
    }
}
