import LarderGRPC
import LarderProtocol
import LarderService
import Testing

@Suite("Reflection", .serialized)
struct ReflectionTests {
    let server = TestServer()
    static let methods = ["v1", "v1alpha"].map {
        "grpc.reflection.\($0).ServerReflection/ServerReflectionInfo"
    }

    private func ask(
        _ question: ServerReflectionRequest.Question, method: String = methods[0]
    ) throws -> ServerReflectionResponse {
        let stream = TestStream(server, method)
        let request = ServerReflectionRequest(question, host: "h")
        stream.send(request)
        let response = try #require(try stream.answers(ServerReflectionResponse.self).first)
        #expect(response.originalRequest == request)
        #expect(response.validHost == "h")
        #expect(stream.status == nil)
        stream.halfClose()
        #expect(stream.status == .ok)
        return response
    }

    private func files(_ question: ServerReflectionRequest.Question) throws -> [String] {
        guard case .fileDescriptors(let found) = try ask(question).answer else { return [] }
        return try found.files.map { try DescriptorFile(decoding: $0).name }
    }

    @Test("the services are listed under both names of reflection", arguments: methods)
    func lists(method: String) throws {
        guard case .services(let found) = try ask(.listServices("*"), method: method).answer
        else {
            Issue.record("a list was asked for")
            return
        }
        let names = found.services.map(\.name)
        for service in [
            "larder.v1.CacheService", "larder.v1.AdminService", "larder.text.v1.CacheService",
            "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
        ] {
            #expect(names.contains(service))
        }
    }

    @Test(
        "what a file declares leads to the file: services, methods, messages, fields, enums",
        arguments: [
            "larder.v1.CacheService", "larder.v1.CacheService.Get", "larder.v1.GetRequest",
            "larder.v1.GetRequest.key", "larder.v1.GetOutcome", "larder.v1.GET_OUTCOME_HIT",
        ])
    func symbols(symbol: String) throws {
        #expect(try files(.fileContainingSymbol(symbol)) == ["larder/v1/cache.proto"])
    }

    @Test("a file comes with everything that it imports")
    func imports() throws {
        let found = try files(.fileByFilename("larder/v1/admin.proto"))
        #expect(found.contains("larder/v1/admin.proto"))
        #expect(found.contains("google/protobuf/field_mask.proto"))
    }

    @Test("every service that is listed can be described")
    func describes() throws {
        guard case .services(let found) = try ask(.listServices("")).answer else { return }
        for service in found.services {
            #expect(!(try files(.fileContainingSymbol(service.name))).isEmpty)
        }
    }

    static let missing: [ServerReflectionRequest.Question] = [
        .fileByFilename("x.proto"), .fileContainingSymbol("larder.v1.X"),
        .fileContainingSymbol(""),
        .fileContainingExtension(
            ExtensionRequest(containingType: "larder.v1.GetRequest", extensionNumber: 4)),
        .allExtensionNumbersOfType("larder.v1.GetRequest"),
    ]

    @Test("what is not there is answered NOT_FOUND, and the stream goes on", arguments: missing)
    func refuses(question: ServerReflectionRequest.Question) throws {
        guard case .error(let error) = try ask(question).answer else {
            Issue.record("an error was expected")
            return
        }
        #expect(error.code == 5)
    }

    @Test("many questions on one stream are answered in order; nothing asked is an error")
    func order() throws {
        let stream = TestStream(server, Self.methods[0])
        stream.send(ServerReflectionRequest(.none))
        stream.send(ServerReflectionRequest(.listServices("")))
        let answers = try stream.answers(ServerReflectionResponse.self)
        #expect(answers.count == 2)
        guard case .error = answers[0].answer, case .services = answers[1].answer else {
            Issue.record("the answers are in order")
            return
        }
    }

    @Test("who asks on and on without reading is ended")
    func unread() {
        let stream = TestStream(server, Self.methods[0])
        stream.isRead = false
        let request = ServerReflectionRequest(.fileByFilename("larder/v1/admin.proto")).encoded()
        for _ in 0..<2_000 where stream.status == nil { stream.send(bytes: request) }
        #expect(stream.status?.code == .resourceExhausted)
        let reader = TestStream(server, Self.methods[0])
        for _ in 0..<2_000 where reader.status == nil { reader.send(bytes: request) }
        #expect(reader.status == nil)
    }
}
