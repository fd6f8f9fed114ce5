import LarderCache
import LarderGRPC
import LarderProtocol

// larder.v1.AdminService: what operators see and do. Who may is decided before.
extension Services {
    private func decoded<Request: WireMessage>(
        _ bytes: Span<UInt8>, as _: Request.Type = Request.self
    ) throws(Refusal) -> Request {
        do { return try Request(decoding: bytes) } catch { throw Refusal(error) }
    }

    private func answer(_ message: some WireMessage, _ reply: inout Reply) {
        reply.beginMessage()
        message.encode(into: &reply.bytes)
        reply.endMessage()
    }

    /// The control of the server around; methods that need it are refused without.
    private func control(for method: Method) throws(Refusal) -> ServerControl {
        guard let control else { throw .methodNotServed(method) }
        return control
    }

    private func checkNamespace(named name: String) throws(Refusal) {
        try checkNamespace(name.utf8.span)
    }

    /// Every counter and gauge there is.
    func getStats(_ bytes: Span<UInt8>, reply: inout Reply) throws(Refusal) {
        let request: GetStatsRequest = try decoded(bytes)
        try checkNamespace(named: request.namespace)
        let statistics = cache.statistics()
        var stats = GetStatsResponse()
        stats.serverVersion = serverVersion
        stats.nodeID = nodeID
        stats.budgetBytes = statistics.budgetBytes
        stats.usedBytes = statistics.usedBytes
        if let facts = control?.facts() {
            stats.uptimeMillis = facts.uptimeMillis
            stats.residentBytes = facts.residentBytes
            stats.connections = facts.connections
            stats.callsInFlight = facts.callsInFlight
        }
        stats.namespaces = [NamespaceStats(statistics)]
        stats.defences = defences.all.map { DefenceStats(name: "\($0.name)", count: $0.count) }
        answer(stats, &reply)
    }

    /// The one namespace there is, with the bounds that the cache has.
    func listNamespaces(_ bytes: Span<UInt8>, reply: inout Reply) throws(Refusal) {
        let request: ListNamespacesRequest = try decoded(bytes)
        guard request.pageToken.isEmpty else { throw .pageTokenUnknown }
        let statistics = cache.statistics()
        var namespace = NamespaceInfo()
        namespace.name = "default"
        namespace.maxBytes = statistics.budgetBytes
        namespace.maxEntries = statistics.entriesMax ?? 0
        namespace.maxValueBytes = limits.valueBytesMax
        namespace.maxTTLMillis = limits.ttlMillisMax
        var response = ListNamespacesResponse()
        response.namespaces = [namespace]
        answer(response, &reply)
    }

    /// Removes all items.
    func flushNamespace(_ bytes: Span<UInt8>, reply: inout Reply) throws(Refusal) {
        let request: FlushNamespaceRequest = try decoded(bytes)
        try checkNamespace(named: request.name)
        let before = cache.statistics().flushed
        cache.flush()
        var response = FlushNamespaceResponse()
        // Two flushes at a time may tell of each other's items.
        response.removedEntries = cache.statistics().flushed - before
        answer(response, &reply)
    }

    func getConfig(_ method: Method, _ bytes: Span<UInt8>, reply: inout Reply) throws(Refusal) {
        let _: GetConfigRequest = try decoded(bytes)
        var response = GetConfigResponse()
        response.settings = try control(for: method).settings().map(ConfigSetting.init)
        answer(response, &reply)
    }

    func updateConfig(_ method: Method, _ bytes: Span<UInt8>, reply: inout Reply) throws(Refusal) {
        let request: UpdateConfigRequest = try decoded(bytes)
        var response = UpdateConfigResponse()
        let changes = request.settings.map { entry in
            ServerControl.Change(name: entry.name, value: entry.value)
        }
        response.settings = try control(for: method).change(changes).get()
            .map(ConfigSetting.init)
        answer(response, &reply)
    }
}

extension ConfigSetting {
    fileprivate init(_ setting: ServerControl.Setting) {
        self.init()
        name = setting.name
        value = setting.value
        defaultValue = setting.defaultValue
        source = setting.source
        live = setting.isLive
        help = setting.help
    }
}

extension NamespaceStats {
    fileprivate init(_ statistics: CacheStatistics) {
        self.init()
        name = "default"
        entries = statistics.entries
        usedBytes = statistics.usedBytes
        valueBytes = statistics.valueBytes
        hits = statistics.hits
        misses = statistics.misses
        sets = statistics.sets
        deletes = statistics.deleted
        evicted = statistics.evicted
        evictedBytes = statistics.evictedBytes
        expired = statistics.expired
        notAdmitted = statistics.notAdmitted
        notAdmittedBytes = statistics.notAdmittedBytes
    }
}

extension Refusal {
    static var pageTokenUnknown: Refusal {
        Refusal(.invalidArgument, "PAGE_TOKEN", "the page token is none that this server made")
    }
}
