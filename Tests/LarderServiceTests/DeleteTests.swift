import LarderGRPC
import LarderProtocol
import LarderService
import Testing

@Suite("Delete and GetLimits")
struct DeleteTests {
    let server = TestServer()

    private func delete(_ key: String, ifVersion: UInt64 = 0) throws -> DeleteOutcome {
        let response: DeleteResponse = try server.answer(
            "Delete", DeleteRequest(key: Array(key.utf8), ifVersion: ifVersion))
        return response.outcome
    }

    @Test("what is deleted is gone; deleting what is not there is a miss")
    func deletes() throws {
        try server.set("a", [1])
        #expect(try delete("a") == .deleted)
        #expect(try server.get("a").head.outcome == .miss)
        #expect(try delete("a") == .miss)
    }

    @Test("with if_version only that version is deleted")
    func ifVersion() throws {
        let version = try server.set("a", [1]).version
        #expect(try delete("a", ifVersion: version + 1) == .conditionFailed)
        #expect(try server.get("a").head.outcome == .hit)
        #expect(try delete("a", ifVersion: version) == .deleted)
        #expect(try delete("a", ifVersion: version) == .miss)
    }

    @Test("what is not served is named, what is wrong is refused")
    func refusals() {
        let stale = server.status("Delete", DeleteRequest(key: [1], markStale: true))
        #expect(stale.code == .unimplemented)
        #expect(stale.message == "DeleteRequest.mark_stale is not served by this version")
        let lease = server.status("Delete", DeleteRequest(key: [1], leaseToken: 1))
        #expect(lease.code == .unimplemented)
        #expect(lease.message == "DeleteRequest.lease_token is not served by this version")
        #expect(server.status("Delete", DeleteRequest(key: [])).reason == "KEY_EMPTY")
        #expect(
            server.status("Delete", DeleteRequest(key: [1], namespace: "n")).reason
                == "NAMESPACE_UNKNOWN")
        #expect(
            server.status("Delete", DeleteRequest(key: .pattern(1_025))).reason == "KEY_TOO_LONG")
    }

    @Test("GetLimits tells what is enforced")
    func limits() throws {
        let told: GetLimitsResponse = try server.answer("GetLimits", GetLimitsRequest())
        #expect(told.serverVersion == "1.2.3")
        #expect(told.nodeID == "node-1")
        #expect(told.maxKeyBytes == 1_024)
        #expect(told.maxInlineBytes == 1 << 20)
        #expect(told.maxValueBytes == 512 << 20)
        #expect(told.maxBatchItems == 1_000)
        #expect(told.maxBatchBytes == 3_670_016)
        #expect(told.maxMessageBytes == 4_259_840)
        #expect(told.maxTTLMillis == server.services.limits.ttlMillisMax)
        #expect(told.encodings == ["identity", "deflate", "gzip"])
    }

    @Test("a limit on times to live that could not be counted in nanoseconds is lowered")
    func ceiling() throws {
        var limits = Limits()
        limits.ttlMillisMax = .max
        let server = TestServer(limits: limits)
        #expect(server.services.limits.ttlMillisMax == Limits.ttlMillisCeiling)
        try server.set("a", [1], ttlMillis: Limits.ttlMillisCeiling)
        #expect(try server.get("a").head.outcome == .hit)
    }

    @Test("methods of the contract that are not served are known and say so")
    func notServed() {
        var count = 0
        for method in MethodTable.all where !method.isServed {
            count += 1
            #expect(server.services.refusal(of: method)?.code == .unimplemented)
            let message = "\(method.fullName) is not served by this version"
            if method.shape == .unary {
                let (messages, status) = server.call("\(method.fullName)", bytes: [])
                #expect(messages.isEmpty)
                #expect(status.code == .unimplemented)
                #expect(status.message == message)
            } else {
                let stream = TestStream(server, "\(method.fullName)")
                stream.send(bytes: [])
                #expect(stream.status?.message == message)
                let silent = TestStream(server, "\(method.fullName)")
                silent.halfClose()
                #expect(silent.status?.code == .unimplemented)
            }
        }
        #expect(count == 29)
    }
}
