import LarderProtocol
import Testing

@Suite("DescriptorPool")
struct DescriptorPoolTests {
    private let pool = DescriptorPool.embedded

    @Test("the services are those of the contract, of its text view, of health and of reflection")
    func services() {
        #expect(
            pool.services == [
                "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                "grpc.reflection.v1alpha.ServerReflection", "larder.text.v1.CacheService",
                "larder.v1.AdminService", "larder.v1.CacheService",
            ])
    }

    @Test(
        "a symbol of every kind is found in its file",
        arguments: [
            ("larder.v1.CacheService", "larder/v1/cache.proto"),
            ("larder.v1.CacheService.Get", "larder/v1/cache.proto"),
            ("larder.v1.GetRequest", "larder/v1/cache.proto"),
            ("larder.v1.GetRequest.key", "larder/v1/cache.proto"),
            ("larder.v1.SetRequest.condition", "larder/v1/cache.proto"),
            ("larder.v1.SetRequest.if_absent", "larder/v1/cache.proto"),
            ("larder.v1.GetOutcome", "larder/v1/cache.proto"),
            ("larder.v1.GET_OUTCOME_HIT", "larder/v1/cache.proto"),
            ("larder.v1.UpdateConfigRequest.SettingsEntry.key", "larder/v1/admin.proto"),
            ("larder.text.v1.CacheService.Get", "larder/text/v1/cache.proto"),
            ("grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto"),
            ("grpc.health.v1.HealthCheckResponse.SERVING", "grpc/health/v1/health.proto"),
            ("grpc.health.v1.Health.List", "grpc/health/v1/health.proto"),
            ("grpc.reflection.v1.ServerReflection", "grpc/reflection/v1/reflection.proto"),
            (
                "grpc.reflection.v1alpha.ServerReflection",
                "grpc/reflection/v1alpha/reflection.proto"
            ),
            ("google.rpc.ErrorInfo", "google/rpc/error_details.proto"),
            ("google.protobuf.Any", "google/protobuf/any.proto"),
        ])
    func symbols(symbol: String, file: String) {
        #expect(pool.file(containing: symbol)?.name == file)
        #expect(pool.file(named: file)?.name == file)
    }

    @Test(
        "what is not declared is not found",
        arguments: [
            "", "larder", "larder.v1", ".larder.v1.GetRequest", "larder.v1.GetRequest.nope",
        ])
    func unknownSymbols(symbol: String) {
        #expect(pool.file(containing: symbol) == nil)
        #expect(pool.file(named: symbol) == nil)
    }

    @Test("every import is there, and a file's closure is it and its imports, each once")
    func closures() throws {
        for file in pool.files {
            #expect(file.dependencies.allSatisfy { name in pool.file(named: name) != nil })
        }
        let admin = try #require(pool.file(named: "larder/v1/admin.proto"))
        #expect(
            pool.closure(of: admin).map(\.name)
                == ["larder/v1/admin.proto", "google/protobuf/field_mask.proto"])
    }

    @Test("a descriptor that is cut short is refused")
    func truncation() throws {
        let bytes = try #require(pool.file(named: "google/rpc/status.proto")).bytes
        #expect(throws: WireError.self) {
            try DescriptorFile(decoding: Array(bytes.dropLast(20)))
        }
    }
}
