package import LarderProtocol
import Synchronization

/// A client of one Larder server; safe to use from any task.
///
/// A call that may be repeated without harm is repeated once when the server was not reachable,
/// on a new connection if the old one has gone.
package final class CacheClient: Sendable {
    package let address: String
    private let options: ChannelOptions
    private let channel: Mutex<Channel>

    private init(channel: Channel, options: ChannelOptions) {
        address = channel.address
        self.options = options
        self.channel = Mutex(channel)
    }

    /// Makes a connection to an address of `Channel.addressForms`.
    package static func connect(
        to address: String, options: ChannelOptions = ChannelOptions()
    ) async throws(ClientError) -> CacheClient {
        CacheClient(
            channel: try await Channel.connect(to: address, options: options), options: options)
    }

    package func close() {
        channel.withLock { $0 }.close()
    }

    // MARK: Items

    package func get(
        _ request: GetRequest, timeoutMillis: UInt64? = nil
    ) async throws(ClientError) -> GetResponse {
        try await unary("Get", request, isRepeatable: true, timeoutMillis)
    }

    package func batchGet(
        _ request: BatchGetRequest, timeoutMillis: UInt64? = nil
    ) async throws(ClientError) -> BatchGetResponse {
        try await unary("BatchGet", request, isRepeatable: true, timeoutMillis)
    }

    package func set(
        _ request: SetRequest, timeoutMillis: UInt64? = nil
    ) async throws(ClientError) -> SetResponse {
        // A repeated conditional write may fail at its own first try, an append would come twice.
        let isRepeatable = request.condition == .none && request.mode == .replace
        return try await unary("Set", request, isRepeatable: isRepeatable, timeoutMillis)
    }

    package func delete(
        _ request: DeleteRequest, timeoutMillis: UInt64? = nil
    ) async throws(ClientError) -> DeleteResponse {
        try await unary("Delete", request, isRepeatable: request.ifVersion == 0, timeoutMillis)
    }

    package func limits(
        timeoutMillis: UInt64? = nil
    ) async throws(ClientError) -> GetLimitsResponse {
        try await unary("GetLimits", GetLimitsRequest(), isRepeatable: true, timeoutMillis)
    }

    /// How the server, or one of its services, is: "" asks for the whole server.
    package func health(
        service: String = "", timeoutMillis: UInt64? = nil
    ) async throws(ClientError) -> ServingStatus {
        var request = HealthCheckRequest()
        request.service = service
        let response: HealthCheckResponse = try await call(
            "/grpc.health.v1.Health/Check", request, isRepeatable: true, timeoutMillis)
        return response.status
    }

    // MARK: Streams

    /// Begins a bulk load.
    package func bulkLoad(
        _ start: BulkLoadStart, limits: GetLimitsResponse, timeoutMillis: UInt64? = nil
    ) async throws(ClientError) -> BulkLoad {
        let call = current.open(Self.path("BulkLoad"), timeoutMillis: timeoutMillis)
        return try await BulkLoad(call: call, start: start, limits: limits)
    }

    /// Begins an export.
    package func export(_ request: ExportRequest) async throws(ClientError) -> ExportStream {
        let call = current.open(Self.path("Export"))
        try await call.send(request.encoded())
        call.halfClose()
        return ExportStream(call: call)
    }

    /// Makes a new connection in place of the present one.
    package func reconnect() async throws(ClientError) {
        let made = try await Channel.connect(to: address, options: options)
        let old = channel.withLock { channel in
            defer { channel = made }
            return channel
        }
        old.close()
    }

    // MARK: How it does it

    private var current: Channel { channel.withLock { $0 } }

    private static func path(_ method: String) -> String {
        "/larder.v1.CacheService/\(method)"
    }

    private func unary<Request: WireMessage, Response: WireMessage>(
        _ method: String, _ request: Request, isRepeatable: Bool, _ timeoutMillis: UInt64?
    ) async throws(ClientError) -> Response {
        try await call(Self.path(method), request, isRepeatable: isRepeatable, timeoutMillis)
    }

    func call<Request: WireMessage, Response: WireMessage>(
        _ path: String, _ request: Request, isRepeatable: Bool, _ timeoutMillis: UInt64?
    ) async throws(ClientError) -> Response {
        let bytes = request.encoded()
        let first: ClientError
        do throws(ClientError) {
            return try await once(path, bytes, timeoutMillis)
        } catch {
            first = error
        }
        guard isRepeatable, first.mayBeRetried else { throw first }
        if case .connectionLost = first { try await reconnect() }
        return try await once(path, bytes, timeoutMillis)
    }

    private func once<Response: WireMessage>(
        _ path: String, _ request: [UInt8], _ timeoutMillis: UInt64?
    ) async throws(ClientError) -> Response {
        let answer = try await current.unary(
            path, request: request, timeoutMillis: timeoutMillis)
        return try Response(answer: answer)
    }
}

extension WireMessage {
    /// Reads what a server sent.
    init(answer: [UInt8]) throws(ClientError) {
        do throws(WireError) {
            try self.init(decoding: answer.span)
        } catch {
            throw .protocolViolation(reason: "an answer does not parse: \(error)")
        }
    }
}
