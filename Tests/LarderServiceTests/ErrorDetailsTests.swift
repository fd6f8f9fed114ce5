import LarderGRPC
import LarderProtocol
import LarderService
import Testing

@Suite("ErrorDetails")
struct ErrorDetailsTests {
    let server = TestServer()

    @Test("a status becomes a google.rpc.Status with one ErrorInfo of our domain")
    func encodes() throws {
        let status = server.status("Get", GetRequest(key: .pattern(2_000)))
        let bytes = ErrorDetails.encode(status)
        let decoded = try RPCStatus(decoding: bytes.span)
        #expect(decoded.code == 3)
        #expect(decoded.message == status.message)
        #expect(decoded.details.count == 1)
        let info = try #require(decoded.errorInfo)
        #expect(info.domain == "larder.v1")
        #expect(info.reason == "KEY_TOO_LONG")
        #expect(info.metadata.map(\.key) == ["limit", "value"])
        #expect(info.metadata.map(\.value) == ["1024", "2000"])
        #expect(ErrorDetails.attached(to: status).detailsBytes == bytes)
    }

    @Test("OK has no details")
    func ok() {
        #expect(ErrorDetails.encode(.ok).isEmpty)
        #expect(ErrorDetails.attached(to: .ok) == .ok)
    }

    @Test("a status of the transport has its code's name as reason")
    func transport() throws {
        let bytes = ErrorDetails.encode(.deadlineExceeded)
        let info = try #require(try RPCStatus(decoding: bytes.span).errorInfo)
        #expect(info.reason == "DEADLINE_EXCEEDED")
    }

    @Test("a message that is too long for trailers is cut between characters")
    func long() throws {
        let message = String(repeating: "aé", count: 1_000)
        let bytes = ErrorDetails.encode(Status(.unknown, message))
        let decoded = try RPCStatus(decoding: bytes.span)
        #expect(decoded.message.utf8.count <= 1_024)
        #expect(message.hasPrefix(decoded.message))
    }
}
