import LarderGRPC
import LarderHTTP2
import LarderIO
import LarderProtocol
import LarderServer
import LarderService
import Testing

@Suite("Who may call")
struct CallGateTests {
    private func store(_ tokens: [(String, Role)]) throws -> CredentialStore {
        CredentialStore(try file(tokens))
    }

    private func file(_ tokens: [(String, Role)]) throws -> TokenFile {
        let lines = tokens.map { token, role in
            "\(SecretDigest(of: token.utf8.span).hexadecimal) \(role.rawValue)"
        }
        return try TokenFile(parsing: lines.joined(separator: "\n"))
    }

    private func end(
        _ pair: CallPair, _ method: String, _ metadata: [Field] = [], bytes: [UInt8]? = nil,
        isEnded: Bool = true
    ) throws -> (code: StatusCode, reason: String?) {
        let request = bytes ?? framed(GetRequest(key: [1]).encoded())
        let stream = try pair.open(method, bytes: request, isEnded: isEnded, metadata: metadata)
        try pair.run()
        let answer = pair.answer(stream)
        return (answer.status.code, answer.errorInfo?.reason)
    }

    @Test("a token is looked at with every call, and forgotten when it is taken out")
    func reload() throws {
        let store = try store([("one", .read), ("two", .admin)])
        let pair = CallPair(gate: CallGate(store, principal: nil))
        let one: [Field] = [(name: "authorization", value: "Bearer one")]
        #expect(try end(pair, "Get", one).code == .ok)
        #expect(try end(pair, "Get", one).code == .ok)
        #expect(try end(pair, "Set", one).code == .permissionDenied)
        #expect(try end(pair, "Get").reason == "CREDENTIALS_MISSING")
        #expect(try end(pair, "Get", [(name: "authorization", value: "bEARER two")]).code == .ok)
        #expect(
            try end(pair, "Get", [(name: "authorization", value: "Bearer One")]).reason
                == "CREDENTIALS_UNKNOWN")
        store.replace(try file([("two", .admin)]))
        #expect(try end(pair, "Get", one).code == .unauthenticated)
        #expect(store.failureCount == 3)
    }

    @Test("a refusal comes at the headers, before a body that is announced")
    func beforeTheBody() throws {
        let pair = CallPair(gate: CallGate(try store([("one", .read)]), principal: nil))
        #expect(try end(pair, "Set", bytes: [], isEnded: false).code == .unauthenticated)
        let health = framed(HealthCheckRequest().encoded())
        #expect(try end(pair, "/grpc.health.v1.Health/Check", bytes: health).code == .ok)
    }

    @Test("unknown methods ask for credentials too")
    func unknownMethod() throws {
        let pair = CallPair(gate: CallGate(try store([("one", .read)]), principal: nil))
        #expect(try end(pair, "/no.such/Method").code == .unauthenticated)
        let one: [Field] = [(name: "authorization", value: "Bearer one")]
        #expect(try end(pair, "/no.such/Method", one).code == .unimplemented)
    }

    @Test("without a file of tokens a header says nothing, and rights are the connection's")
    func anonymous() throws {
        let pair = CallPair(gate: CallGate(nil, principal: Principal(role: .write)))
        let any: [Field] = [(name: "authorization", value: "Bearer any")]
        #expect(try end(pair, "Get", any).code == .ok)
        #expect(
            try end(pair, "/larder.v1.AdminService/FlushNamespace", bytes: framed([])).code
                == .permissionDenied)
    }

    @Test("failures in a row end the connection, a success forgets them")
    func overrun() throws {
        let gate = CallGate(try store([("one", .read)]), principal: nil)
        let pair = CallPair(gate: gate)
        for _ in 0..<CallGate.failuresMax { _ = try end(pair, "Get") }
        #expect(!gate.isOverrun)
        #expect(try end(pair, "Get", [(name: "authorization", value: "Bearer one")]).code == .ok)
        for _ in 0..<CallGate.failuresMax { _ = try end(pair, "Get") }
        #expect(!gate.isOverrun)
        _ = try? end(pair, "Get")
        #expect(gate.isOverrun)
        let code = pair.calls.session.terminationCode
        #expect(code == GoAwayCode.enhanceYourCalm)
        #expect(pair.services.defences.value(.credentialsFlood) == 1)
    }
}
