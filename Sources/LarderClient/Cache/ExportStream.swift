package import LarderProtocol

/// An export under way.
package final class ExportStream: Sendable {
    private let call: ClientCall

    init(call: ClientCall) {
        self.call = call
    }

    /// The next entries; nil once all have come.
    package func next() async throws(ClientError) -> ExportResponse? {
        guard let message = try await call.next() else { return nil }
        return try ExportResponse(answer: message)
    }

    package func cancel() {
        call.cancel()
    }
}
