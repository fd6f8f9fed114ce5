import LarderGRPC
import LarderProtocol
import LarderService
import Synchronization
import Testing

@Suite("AdminService")
struct AdminTests {
    private final class Asked: Sendable {
        let changes = Mutex<[ServerControl.Change]>([])
        let drains = Mutex<[UInt64?]>([])
    }

    private func services(_ asked: Asked? = nil) -> Services {
        var generator = SeededGenerator(seed: 1)
        var configuration = ServicesConfiguration(
            budgetBytes: 64 << 20, nodeID: "n", serverVersion: "1", startedAtUnixNanos: 1)
        if let asked {
            configuration.control = ServerControl(
                facts: {
                    var facts = ServerControl.Facts()
                    facts.connections = 3
                    facts.residentBytes = 9
                    return facts
                },
                settings: {
                    [
                        ServerControl.Setting(
                            name: "a", value: "1", defaultValue: "0", source: "flag",
                            isLive: true, help: "what it is for")
                    ]
                },
                change: { entries in
                    asked.changes.withLock { $0 += entries }
                    return entries.isEmpty ? .failure(.settingUnknown) : .success([])
                },
                shutDown: { timeout in asked.drains.withLock { $0.append(timeout) } })
        }
        return Services(configuration, health: HealthState(.serving)) { generator.next() }
    }

    private func method(_ name: String) throws -> Method {
        try #require(
            MethodTable.all.first { "\($0.fullName)" == "larder.v1.AdminService/\(name)" })
    }

    private func call<Response: WireMessage>(
        _ services: Services, _ name: String, _ request: some WireMessage, _: Response.Type
    ) throws -> (status: Status?, response: Response?) {
        var reply = Reply()
        let bytes = request.encoded()
        services.unary(try method(name), request: bytes.span, nowNanos: 1, reply: &reply)
        let status = reply.status
        let messages = unframed(reply)
        return (status, try messages.first.map { try Response(decoding: $0.span) })
    }

    @Test("statistics tell of every defence, whether it has acted or not")
    func defences() throws {
        let services = services()
        services.defences.count(.resetFlood, 3)
        let stats = try #require(
            try call(services, "GetStats", GetStatsRequest(), GetStatsResponse.self).response)
        #expect(stats.defences.map(\.name) == Defence.allCases.map { "\($0.name)" })
        #expect(stats.defences.filter { $0.count > 0 }.map(\.name) == ["reset_flood"])
        #expect(stats.defences.first { $0.name == "reset_flood" }?.count == 3)
    }

    @Test("statistics tell of the cache and of the server around it")
    func stats() throws {
        let services = services(Asked())
        let key: [UInt8] = [1]
        for value in [[UInt8]](repeating: [1, 2, 3], count: 2) {
            var reply = Reply()
            let request = SetRequest(key: key, value: value).encoded()
            let set = try #require(
                MethodTable.all.first { "\($0.fullName)" == "larder.v1.CacheService/Set" })
            services.unary(set, request: request.span, nowNanos: 1, reply: &reply)
        }
        let (status, stats) = try call(
            services, "GetStats", GetStatsRequest(), GetStatsResponse.self)
        #expect(status == .ok)
        #expect(stats?.connections == 3)
        #expect(stats?.residentBytes == 9)
        #expect(stats?.namespaces.count == 1)
        #expect(stats?.namespaces.first?.entries == 1)
        #expect(stats?.namespaces.first?.sets == 2)
        #expect(stats?.namespaces.first?.valueBytes == 3)
        var elsewhere = GetStatsRequest()
        elsewhere.namespace = "logs"
        #expect(
            try call(services, "GetStats", elsewhere, GetStatsResponse.self).status?.code
                == .notFound)
        let flushed = try call(
            services, "FlushNamespace", FlushNamespaceRequest(), FlushNamespaceResponse.self)
        #expect(flushed.response?.removedEntries == 1)
        let listed = try call(
            services, "ListNamespaces", ListNamespacesRequest(), ListNamespacesResponse.self)
        #expect(listed.response?.namespaces.first?.name == "default")
        #expect((listed.response?.namespaces.first?.maxBytes ?? 0) > 0)
    }

    @Test("settings are asked of the server, and without one the methods are not served")
    func config() throws {
        let asked = Asked()
        let services = services(asked)
        let shown = try call(services, "GetConfig", GetConfigRequest(), GetConfigResponse.self)
        #expect(shown.response?.settings.map(\.name) == ["a"])
        #expect(shown.response?.settings.map(\.live) == [true])
        var change = UpdateConfigRequest()
        change.settings = [UpdateConfigEntry(name: "b", value: "2")]
        #expect(
            try call(services, "UpdateConfig", change, UpdateConfigResponse.self).status == .ok)
        #expect(
            asked.changes.withLock { $0 } == [ServerControl.Change(name: "b", value: "2")])
        let empty = try call(
            services, "UpdateConfig", UpdateConfigRequest(), UpdateConfigResponse.self)
        #expect(empty.status?.code == .invalidArgument)
        let alone = try call(
            self.services(), "GetConfig", GetConfigRequest(), GetConfigResponse.self)
        #expect(alone.status?.code == .unimplemented)
    }

    @Test("a drain answers, ends its call and only then is begun for good")
    func drain() throws {
        let asked = Asked()
        let services = services(asked)
        func drain(_ request: DrainRequest) throws -> (Status?, [[UInt8]]) {
            var reply = Reply()
            let bytes = request.encoded()
            services.open(try method("Drain"), nowNanos: 1).received(
                bytes.span, nowNanos: 1, sentAll: true, reply: &reply)
            let status = reply.status
            return (status, unframed(reply))
        }
        var request = DrainRequest()
        #expect(try drain(request).0?.code == .unimplemented)
        request.shutdown = true
        request.graceMillis = 1
        #expect(try drain(request).0?.code == .unimplemented)
        #expect(asked.drains.withLock { $0.isEmpty })
        request.graceMillis = 0
        let (status, messages) = try drain(request)
        #expect(status == .ok)
        let message = try #require(messages.first)
        let response = try DrainResponse(decoding: message.span)
        #expect(response.connections == 3)
        request.timeoutMillis = 70
        _ = try drain(request)
        #expect(asked.drains.withLock { $0 } == [nil, 70])
    }
}
