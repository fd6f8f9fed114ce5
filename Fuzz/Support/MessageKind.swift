import LarderProtocol

/// The messages that the codec knows, each by the first byte of an input.
enum MessageKind: UInt8, CaseIterable {
    case getRequest, setRequest, deleteRequest, batchGetRequest, bulkLoadRequest, exportRequest
    case getLimitsRequest, healthCheckRequest, healthListRequest, reflectionRequest
    case bulkLoadStart, entryBatch, entry, lease, extensionRequest
    case getResponse, setResponse, deleteResponse, batchGetResponse, bulkLoadResponse
    case exportResponse, getLimitsResponse, healthCheckResponse, healthListResponse
    case reflectionResponse, rpcStatus, errorInfo
    case pipelineRequest, pipelineResponse
    case getStatsRequest, listNamespacesRequest, flushNamespaceRequest, getConfigRequest
    case updateConfigRequest, drainRequest
    case getStatsResponse, listNamespacesResponse, flushNamespaceResponse, getConfigResponse
    case updateConfigResponse, drainResponse

    /// Decodes a message and holds it to its promises.
    func check(_ bytes: [UInt8]) throws(WireError) {
        switch self {
        case .getRequest: try roundTrip(GetRequest.self, bytes)
        case .setRequest: try roundTrip(SetRequest.self, bytes)
        case .deleteRequest: try roundTrip(DeleteRequest.self, bytes)
        case .batchGetRequest: try roundTrip(BatchGetRequest.self, bytes)
        case .bulkLoadRequest: try roundTrip(BulkLoadRequest.self, bytes)
        case .exportRequest: try roundTrip(ExportRequest.self, bytes)
        case .getLimitsRequest: try roundTrip(GetLimitsRequest.self, bytes)
        case .healthCheckRequest: try roundTrip(HealthCheckRequest.self, bytes)
        case .healthListRequest: try roundTrip(HealthListRequest.self, bytes)
        case .reflectionRequest: try roundTrip(ServerReflectionRequest.self, bytes)
        case .bulkLoadStart: try roundTrip(BulkLoadStart.self, bytes)
        case .entryBatch: try roundTrip(EntryBatch.self, bytes)
        case .entry: try roundTrip(Entry.self, bytes)
        case .lease: try roundTrip(Lease.self, bytes)
        case .extensionRequest: try roundTrip(ExtensionRequest.self, bytes)
        case .getResponse: try roundTrip(GetResponse.self, bytes)
        case .setResponse: try roundTrip(SetResponse.self, bytes)
        case .deleteResponse: try roundTrip(DeleteResponse.self, bytes)
        case .batchGetResponse: try roundTrip(BatchGetResponse.self, bytes)
        case .bulkLoadResponse: try roundTrip(BulkLoadResponse.self, bytes)
        case .exportResponse: try roundTrip(ExportResponse.self, bytes)
        case .getLimitsResponse: try roundTrip(GetLimitsResponse.self, bytes)
        case .healthCheckResponse: try roundTrip(HealthCheckResponse.self, bytes)
        case .healthListResponse: try roundTrip(HealthListResponse.self, bytes)
        case .reflectionResponse: try roundTrip(ServerReflectionResponse.self, bytes)
        case .rpcStatus: try roundTrip(RPCStatus.self, bytes)
        case .errorInfo: try roundTrip(ErrorInfo.self, bytes)
        case .pipelineRequest: try roundTrip(PipelineRequest.self, bytes)
        case .pipelineResponse: try roundTrip(PipelineResponse.self, bytes)
        case .getStatsRequest: try roundTrip(GetStatsRequest.self, bytes)
        case .listNamespacesRequest: try roundTrip(ListNamespacesRequest.self, bytes)
        case .flushNamespaceRequest: try roundTrip(FlushNamespaceRequest.self, bytes)
        case .getConfigRequest: try roundTrip(GetConfigRequest.self, bytes)
        case .updateConfigRequest: try roundTrip(UpdateConfigRequest.self, bytes)
        case .drainRequest: try roundTrip(DrainRequest.self, bytes)
        case .getStatsResponse: try roundTrip(GetStatsResponse.self, bytes)
        case .listNamespacesResponse: try roundTrip(ListNamespacesResponse.self, bytes)
        case .flushNamespaceResponse: try roundTrip(FlushNamespaceResponse.self, bytes)
        case .getConfigResponse: try roundTrip(GetConfigResponse.self, bytes)
        case .updateConfigResponse: try roundTrip(UpdateConfigResponse.self, bytes)
        case .drainResponse: try roundTrip(DrainResponse.self, bytes)
        }
    }

    /// What was decoded and encoded again means the same, and is written in one way only.
    private func roundTrip<Message: WireMessage>(
        _: Message.Type, _ bytes: [UInt8]
    ) throws(WireError) {
        let message = try Message(decoding: bytes.span)
        let encoded = message.encoded()
        let again: Message
        do {
            again = try Message(decoding: encoded.span)
        } catch {
            preconditionFailure("what was encoded can be decoded, but: \(error)")
        }
        precondition(again == message, "a message means the same after a round trip")
        precondition(again.encoded() == encoded, "a message has one encoding")
    }
}
