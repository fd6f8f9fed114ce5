import LarderGRPC
import LarderProtocol

/// ServerReflectionInfo: answers questions about the schema, one after the other.
///
/// What is not found is an answer too; only a message that does not parse ends the stream, or a
/// peer that asks on and on without reading.
final class ReflectionCall: StreamingCall {
    /// Of answers that the peer has not taken yet.
    static let unsentBytesMax = 4 << 20

    private var unsentBytes = 0

    func received(_ message: Span<UInt8>, nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        if sentAll { unsentBytes = 0 }
        let request: ServerReflectionRequest
        do {
            request = try ServerReflectionRequest(decoding: message)
        } catch {
            reply.status = Refusal(error).status
            return
        }
        guard unsentBytes < Self.unsentBytesMax else {
            reply.status = Refusal.answersUnread(limit: Self.unsentBytesMax).status
            return
        }
        let start = reply.bytes.count
        reply.beginMessage()
        ServerReflectionResponse(answer(request.question), to: request).encode(into: &reply.bytes)
        reply.endMessage()
        unsentBytes += reply.bytes.count - start
    }

    func halfClosed(nowNanos: UInt64, sentAll: Bool, reply: inout Reply) { reply.status = .ok }

    func writable(nowNanos: UInt64, reply: inout Reply) { unsentBytes = 0 }

    func woken(nowNanos: UInt64, reply: inout Reply) {}

    func cancelled() {}

    private func answer(
        _ question: ServerReflectionRequest.Question
    ) -> ServerReflectionResponse.Answer {
        let pool = DescriptorPool.embedded
        switch question {
        case .none:
            return .error(ReflectionError(.invalidArgument, "the request asks nothing"))
        case .fileByFilename(let name):
            return files(pool.file(named: name), "no such file")
        case .fileContainingSymbol(let symbol):
            return files(pool.file(containing: symbol), "no such symbol")
        case .fileContainingExtension, .allExtensionNumbersOfType:
            return .error(ReflectionError(.notFound, "there are no extensions"))
        case .listServices:
            return .services(
                ListServiceResponse(services: pool.services.map(ListServiceResponse.Service.init)))
        }
    }

    /// The file with everything that it imports.
    private func files(
        _ file: DescriptorFile?, _ missing: String
    ) -> ServerReflectionResponse.Answer {
        guard let file else { return .error(ReflectionError(.notFound, missing)) }
        let closure = DescriptorPool.embedded.closure(of: file)
        return .fileDescriptors(FileDescriptorResponse(files: closure.map(\.bytes)))
    }
}

extension ReflectionError {
    fileprivate init(_ code: StatusCode, _ message: String) {
        self.init(code: Int32(code.rawValue), message: message)
    }
}
