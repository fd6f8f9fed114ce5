package import LarderProtocol

// larder.v1.AdminService.
extension CacheClient {
    package func stats(timeoutMillis: UInt64? = nil) async throws(ClientError) -> GetStatsResponse {
        try await admin("GetStats", GetStatsRequest(), isRepeatable: true, timeoutMillis)
    }

    package func flush(
        timeoutMillis: UInt64? = nil
    ) async throws(ClientError) -> FlushNamespaceResponse {
        try await admin(
            "FlushNamespace", FlushNamespaceRequest(), isRepeatable: false, timeoutMillis)
    }

    package func config(timeoutMillis: UInt64? = nil) async throws(ClientError) -> GetConfigResponse
    {
        try await admin("GetConfig", GetConfigRequest(), isRepeatable: true, timeoutMillis)
    }

    package func updateConfig(
        _ request: UpdateConfigRequest, timeoutMillis: UInt64? = nil
    ) async throws(ClientError) -> UpdateConfigResponse {
        try await admin("UpdateConfig", request, isRepeatable: true, timeoutMillis)
    }

    /// Lets the server drain and stop.
    package func drain(
        _ request: DrainRequest, timeoutMillis: UInt64? = nil
    ) async throws(ClientError) -> DrainResponse {
        try await admin("Drain", request, isRepeatable: false, timeoutMillis)
    }

    private func admin<Request: WireMessage, Response: WireMessage>(
        _ method: String, _ request: Request, isRepeatable: Bool, _ timeoutMillis: UInt64?
    ) async throws(ClientError) -> Response {
        try await call(
            "/larder.v1.AdminService/\(method)", request, isRepeatable: isRepeatable, timeoutMillis)
    }
}
