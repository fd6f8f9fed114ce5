import LarderProtocol
import Testing

@Suite("RPCStatus")
struct RPCStatusTests {
    @Test("a status carries one ErrorInfo, which comes out again")
    func errorInfo() throws {
        let info = ErrorInfo(
            reason: "KEY_TOO_LONG", domain: "larder.v1",
            metadata: [ErrorInfo.Fact(key: "limit", value: "1024")])
        let bytes = RPCStatus(code: 3, message: "too long", errorInfo: info).encoded()
        let status = try RPCStatus(decoding: bytes.span)
        #expect(status.code == 3 && status.message == "too long")
        #expect(status.details.map(\.typeURL) == ["type.googleapis.com/google.rpc.ErrorInfo"])
        #expect(status.errorInfo == info)
    }

    @Test("details of other types, and broken ones, are no ErrorInfo")
    func otherDetails() {
        let other = AnyMessage(typeURL: "type.googleapis.com/google.rpc.RetryInfo", value: [])
        let broken = AnyMessage(typeURL: ErrorInfo.typeURL, value: [0xFF])
        #expect(RPCStatus(code: 8, message: "", details: [other, broken]).errorInfo == nil)
    }
}
