import LarderGRPC
import LarderProtocol
import LarderService
import Testing

@Suite("Health")
struct HealthTests {
    let server = TestServer()
    static let names = ["", "larder.v1.CacheService", "larder.text.v1.CacheService"]

    private func check(_ service: String) throws -> ServingStatus {
        let response: HealthCheckResponse = try server.answer(
            "grpc.health.v1.Health/Check", HealthCheckRequest(service: service))
        return response.status
    }

    private func watch(_ service: String) -> TestStream {
        let stream = TestStream(server, "grpc.health.v1.Health/Watch")
        stream.send(HealthCheckRequest(service: service))
        return stream
    }

    private func statuses(_ stream: TestStream) throws -> [ServingStatus] {
        try stream.answers(HealthCheckResponse.self).map(\.status)
    }

    @Test("a check tells how a service is", arguments: names)
    func checks(service: String) throws {
        #expect(try check(service) == .serving)
        server.health.phase = .notServing
        #expect(try check(service) == .notServing)
        server.health.phase = .shuttingDown
        #expect(try check(service) == .notServing)
    }

    @Test("a check of a service that is not known is NOT_FOUND")
    func unknown() {
        let status = server.status(
            "grpc.health.v1.Health/Check", HealthCheckRequest(service: "larder.v1"))
        #expect(status.code == .notFound)
    }

    @Test("the list has every service")
    func lists() throws {
        let response: HealthListResponse = try server.answer(
            "grpc.health.v1.Health/List", HealthListRequest())
        #expect(response.services.map(\.name).sorted() == Self.names.sorted())
        #expect(response.services.allSatisfy { $0.response.status == .serving })
    }

    @Test("a watcher is told at once and then of changes only")
    func watches() throws {
        let stream = watch("larder.v1.CacheService")
        #expect(try statuses(stream) == [.serving])
        stream.halfClose()
        stream.wake()
        stream.flush()
        #expect(try statuses(stream) == [.serving])
        server.health.phase = .notServing
        stream.wake()
        server.health.phase = .serving
        stream.wake()
        #expect(try statuses(stream) == [.serving, .notServing, .serving])
        #expect(stream.status == nil)
    }

    @Test("a watcher of a service that is not known is told so and stays")
    func watchesUnknown() throws {
        let stream = watch("x")
        #expect(try statuses(stream) == [.serviceUnknown])
        server.health.phase = .notServing
        stream.wake()
        #expect(try statuses(stream) == [.serviceUnknown])
        #expect(stream.status == nil)
    }

    @Test("at shutdown a watcher is told NOT_SERVING and then the end")
    func shutdown() throws {
        let stream = watch("")
        let unknown = watch("x")
        server.health.phase = .shuttingDown
        stream.wake()
        unknown.wake()
        #expect(try statuses(stream) == [.serving, .notServing])
        #expect(stream.status?.code == .unavailable)
        #expect(unknown.status?.code == .unavailable)
        let late = watch("")
        #expect(try statuses(late) == [.notServing])
        #expect(late.status?.code == .unavailable)
    }

    @Test("a wake before the request says nothing")
    func early() {
        let stream = TestStream(server, "grpc.health.v1.Health/Watch")
        stream.wake()
        #expect(stream.messages.isEmpty)
        stream.send(bytes: [0x0A])
        #expect(stream.status?.code == .internal)
    }
}
