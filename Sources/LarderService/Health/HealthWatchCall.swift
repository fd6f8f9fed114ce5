import LarderGRPC
import LarderProtocol

/// grpc.health.v1.Health/Watch: how one service is, at once and whenever it changes.
///
/// A service that is not known is answered as such, and the stream stays open.  When the server
/// shuts down, the watcher is told NOT_SERVING and then the end.
final class HealthWatchCall: StreamingCall {
    private let health: HealthState
    // Nil until the request has come.
    private var isKnown: Bool?
    private var lastSent: ServingStatus?

    init(_ health: HealthState) { self.health = health }

    func received(_ message: Span<UInt8>, nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        do {
            let request = try HealthCheckRequest(decoding: message)
            isKnown = HealthServices.names.contains(request.service)
        } catch {
            reply.status = Refusal(error).status
            return
        }
        tell(reply: &reply)
    }

    func halfClosed(nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {}

    func writable(nowNanos: UInt64, reply: inout Reply) {}

    func woken(nowNanos: UInt64, reply: inout Reply) { tell(reply: &reply) }

    func cancelled() {}

    private func tell(reply: inout Reply) {
        guard let isKnown else { return }
        let status: ServingStatus = isKnown ? health.servingStatus : .serviceUnknown
        if status != lastSent {
            lastSent = status
            reply.beginMessage()
            HealthCheckResponse(status: status).encode(into: &reply.bytes)
            reply.endMessage()
        }
        if health.phase == .shuttingDown { reply.status = .draining }
    }
}
