import LarderGRPC
import LarderProtocol

/// larder.v1.AdminService/Drain: tells what is still to go, ends the call, and drains.
///
/// The answer comes first: the drain waits for calls that run, and this is one.
final class DrainCall: StreamingCall {
    private let control: ServerControl

    init(_ control: ServerControl) { self.control = control }

    func received(_ message: Span<UInt8>, nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        do throws(Refusal) {
            try begin(message, reply: &reply)
            reply.status = .ok
        } catch {
            reply.status = error.status
        }
    }

    private func begin(_ message: Span<UInt8>, reply: inout Reply) throws(Refusal) {
        let request: DrainRequest
        do { request = try DrainRequest(decoding: message) } catch { throw Refusal(error) }
        guard request.shutdown else { throw .fieldNotServed("shutdown = false") }
        guard request.graceMillis == 0 else { throw .fieldNotServed("grace_millis") }
        let facts = control.facts()
        var response = DrainResponse()
        response.connections = facts.connections
        response.callsInFlight = facts.callsInFlight
        reply.beginMessage()
        response.encode(into: &reply.bytes)
        reply.endMessage()
        control.shutDown(request.timeoutMillis == 0 ? nil : UInt64(request.timeoutMillis))
    }

    func halfClosed(nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {}
    func writable(nowNanos: UInt64, reply: inout Reply) {}
    func woken(nowNanos: UInt64, reply: inout Reply) {}
    func cancelled() {}
}
