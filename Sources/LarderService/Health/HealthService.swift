import LarderProtocol

/// The services that health checks can ask about; the empty name is the whole server.
enum HealthServices {
    static let names = ["", "larder.v1.CacheService", "larder.text.v1.CacheService"]
}

extension HealthState {
    var servingStatus: ServingStatus { isServing ? .serving : .notServing }
}

extension Services {
    /// grpc.health.v1.Health/Check: how one service is.
    func healthCheck(_ bytes: Span<UInt8>, reply: inout Reply) throws(Refusal) {
        let request: HealthCheckRequest
        do { request = try HealthCheckRequest(decoding: bytes) } catch { throw Refusal(error) }
        guard HealthServices.names.contains(request.service) else { throw .healthServiceUnknown }
        reply.beginMessage()
        HealthCheckResponse(status: health.servingStatus).encode(into: &reply.bytes)
        reply.endMessage()
    }

    /// grpc.health.v1.Health/List: how all services are.
    func healthList(_ bytes: Span<UInt8>, reply: inout Reply) throws(Refusal) {
        do { _ = try HealthListRequest(decoding: bytes) } catch { throw Refusal(error) }
        let status = health.servingStatus
        reply.beginMessage()
        HealthListResponse(
            services: HealthServices.names.map { name in
                HealthListResponse.Service(name: name, status: status)
            }
        ).encode(into: &reply.bytes)
        reply.endMessage()
    }
}
