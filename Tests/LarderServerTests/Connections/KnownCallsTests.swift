import LarderGRPC
import LarderHTTP2
import LarderIO
import LarderProtocol
import LarderServer
import LarderService
import Testing

/// The same headers again and again: from the third time on the session knows them.
@Suite("Calls whose headers came before")
struct KnownCallsTests {
    private static let rounds = 5

    private func code(
        _ pair: CallPair, _ method: String, _ request: some WireMessage, _ metadata: [Field] = []
    ) throws -> StatusCode {
        let stream = try pair.open(method, bytes: framed(request.encoded()), metadata: metadata)
        try pair.run()
        return pair.answer(stream).status.code
    }

    @Test("methods that take turns are told apart")
    func turns() throws {
        let pair = CallPair()
        for round in 0..<Self.rounds {
            let value = [UInt8(round)]
            let set = try code(pair, "Set", SetRequest(key: [1], value: value))
            #expect(set == .ok)
            let stream = try pair.call("Get", GetRequest(key: [1]))
            try pair.run()
            #expect(pair.answer(stream).status.code == .ok)
            #expect(pair.answer(stream).body.last == UInt8(round))
            #expect(try code(pair, "Nonsense", GetRequest(key: [1])) == .unimplemented)
            #expect(try code(pair, "Touch", GetRequest(key: [1])) == .unimplemented)
        }
    }

    @Test("rights are asked for with each call")
    func rights() throws {
        let digest = SecretDigest(of: "one".utf8.span).hexadecimal
        let store = CredentialStore(try TokenFile(parsing: "\(digest) read"))
        let pair = CallPair(gate: CallGate(store, principal: nil))
        let one: [Field] = [(name: "authorization", value: "Bearer one")]
        for _ in 0..<Self.rounds {
            #expect(try code(pair, "Get", GetRequest(key: [1]), one) == .ok)
            #expect(
                try code(pair, "Set", SetRequest(key: [1], value: [2]), one) == .permissionDenied)
            #expect(try code(pair, "Get", GetRequest(key: [1])) == .unauthenticated)
        }
        store.replace(try TokenFile(parsing: ""))
        #expect(try code(pair, "Get", GetRequest(key: [1]), one) == .unauthenticated)
    }

    @Test("a timeout begins with its call")
    func timeouts() throws {
        let pair = CallPair()
        for _ in 0..<Self.rounds {
            pair.nowNanos += 1_000_000
            _ = try pair.open("Get", isEnded: false, timeoutNanos: 5_000_000_000)
            try pair.run()
            let deadlines = pair.calls.takeDeadlines()
            #expect(deadlines.map(\.atNanos) == [pair.nowNanos + 5_000_000_000])
        }
    }

    @Test("a call is answered in the encoding that it asks for")
    func encodings() throws {
        let pair = CallPair(compression: true)
        let value = [UInt8](repeating: 7, count: 4096)
        try pair.store("k", value)
        let request = GetRequest(key: Array("k".utf8))
        for _ in 0..<Self.rounds {
            for encoding in ["identity", "gzip"] {
                let stream = try pair.open(
                    "Get", bytes: framed(request.encoded()),
                    metadata: [(name: "grpc-accept-encoding", value: encoding)])
                try pair.run()
                let isShort = pair.answer(stream).body.count < value.count
                #expect(isShort == (encoding == "gzip"))
            }
        }
    }
}
