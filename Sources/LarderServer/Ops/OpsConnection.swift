package import LarderIO

/// One client of the ops port: one request, one answer, the end.
///
/// Lives on one loop. The stream keeps it alive until it is closed.
package final class OpsConnection: ByteStreamDelegate {
    /// More clients at once are closed.
    package static let countMax = 32
    /// How long a request may take to come.
    private static let requestMillis: UInt64 = 10_000

    private let stream: ByteStream
    private let pages: OpsPages
    private let place: ConnectionPlace
    private var reader = OpsRequestReader()
    private var deadline: Timer?

    package init(_ stream: ByteStream, _ pages: OpsPages, place: ConnectionPlace) {
        self.stream = stream
        self.pages = pages
        self.place = place
    }

    package func start(on loop: EventLoop) {
        stream.delegate = self
        deadline = loop.timer(afterMillis: Self.requestMillis) { [weak stream] in stream?.close() }
        stream.start()
    }

    package func received(_ bytes: Span<UInt8>) {
        switch reader.read(bytes) {
        case .incomplete: break
        case .request(let request): end(pages.answer(request))
        case .malformed:
            end(OpsAnswer(.badRequest, "this port answers GET in HTTP/1.1\n").bytes())
        case .tooLong:
            let limit = OpsRequestReader.headBytesMax
            end(OpsAnswer(.headTooLong, "the head is over \(limit) bytes\n").bytes())
        }
    }

    private func end(_ answer: [UInt8]) {
        deadline?.cancel()
        guard stream.output.append(copying: answer.span) else { return stream.close() }
        stream.closeAfterFlush()
    }

    package func drained() {}

    package func closed(_ error: IOError?) { deadline?.cancel() }
}
