import LarderGRPC
import LarderProtocol
import LarderService
import Testing

@Suite("Set")
struct SetTests {
    let server = TestServer()

    private func set(_ request: SetRequest) throws -> SetResponse {
        try server.answer("Set", request)
    }

    private func request(
        _ key: String = "a", _ value: [UInt8] = [1], _ change: (inout SetRequest) -> Void = { _ in }
    ) -> SetRequest {
        var request = SetRequest(key: Array(key.utf8), value: value)
        change(&request)
        return request
    }

    @Test("what is stored is there, with a version that changes with every write")
    func stores() throws {
        let first = try set(request("a", [1]))
        let second = try set(request("a", [2]))
        #expect(first.outcome == .stored)
        #expect(second.outcome == .stored)
        #expect(first.version != 0)
        #expect(second.version != first.version)
        #expect(try server.get("a").value == [2])
        #expect(try server.get("a").head.version == second.version)
    }

    @Test("a condition that is not met stores nothing and tells the present version")
    func conditions() throws {
        let absent = try set(request("a", [1]) { $0.condition = .ifPresent(true) })
        #expect(absent == SetResponse(outcome: .conditionFailed))
        let version = try set(request("a", [1]) { $0.condition = .ifAbsent(true) }).version
        for condition: WriteCondition in [
            .ifAbsent(true), .ifVersion(version + 1), .ifVersion(0),
        ] {
            let failed = try set(request("a", [2]) { $0.condition = condition })
            #expect(failed == SetResponse(outcome: .conditionFailed, version: version))
        }
        #expect(try server.get("a").value == [1])
        let met = try set(request("a", [2]) { $0.condition = .ifVersion(version) })
        #expect(met.outcome == .stored)
        let present = try set(request("a", [3]) { $0.condition = .ifPresent(true) })
        #expect(present.outcome == .stored)
    }

    @Test("a condition that is named and false is none")
    func falseConditions() throws {
        for condition: WriteCondition in [.ifAbsent(false), .ifPresent(false), .ifNewer(false)] {
            #expect(try set(request("a") { $0.condition = condition }).outcome == .stored)
        }
    }

    @Test("with if_newer late writes of older data do nothing")
    func newer() throws {
        func write(_ version: UInt64) throws -> SetOutcome {
            try set(
                request("a", [UInt8(version)]) {
                    $0.version = version
                    $0.condition = .ifNewer(true)
                }
            ).outcome
        }
        #expect(try write(5) == .stored)
        #expect(try write(4) == .conditionFailed)
        #expect(try write(5) == .conditionFailed)
        #expect(try write(6) == .stored)
        #expect(try server.get("a").value == [6])
    }

    @Test("return_current gives what is there when a condition fails", arguments: [3, 5_000])
    func returnsCurrent(count: Int) throws {
        let value = [UInt8].pattern(count)
        let version = try set(
            request("a", value) {
                $0.flags = 4
                $0.ttlMillis = 9_000
            }
        ).version
        let failed = try set(
            request("a", [2]) {
                $0.condition = .ifAbsent(true)
                $0.returnCurrent = true
            })
        #expect(failed.outcome == .conditionFailed)
        #expect(failed.version == version)
        #expect(failed.current?.value == value)
        #expect(
            failed.current?.head
                == GetResponseHead(
                    outcome: .hit, version: version, flags: 4, ttlMillis: 9_000,
                    valueBytes: UInt64(count)))
        let met = try set(request("a", [2]) { $0.returnCurrent = true })
        #expect(met.current == nil)
    }

    @Test("a present value over the inline limit is told of and not sent")
    func currentTooLarge() throws {
        try server.set("a", .pattern(2 << 20))
        let failed = try set(
            request("a", [2]) {
                $0.condition = .ifAbsent(true)
                $0.returnCurrent = true
            })
        #expect(failed.current?.head.outcome == .tooLarge)
        #expect(failed.current?.head.valueBytes == 2 << 20)
        #expect(failed.current?.value.isEmpty == true)
    }

    @Test("keep_ttl keeps the time to live, a plain Set ends it")
    func keepsTimeToLive() throws {
        try server.set("a", [1], ttlMillis: 5_000)
        _ = try set(request("a", [2]) { $0.keepTTL = true })
        #expect(try server.get("a").head.ttlMillis == 5_000)
        _ = try set(request("a", [3]))
        #expect(try server.get("a").head.ttlMillis == nil)
    }

    @Test("append and prepend add to the value and keep flags and time to live")
    func adds() throws {
        _ = try set(
            request("a", [5]) {
                $0.flags = 3
                $0.ttlMillis = 5_000
            })
        #expect(try set(request("a", [6]) { $0.mode = .append }).outcome == .stored)
        #expect(try set(request("a", [4]) { $0.mode = .prepend }).outcome == .stored)
        let response = try server.get("a")
        #expect(response.value == [4, 5, 6])
        #expect(response.head.flags == 3)
        #expect(response.head.ttlMillis == 5_000)
    }

    @Test(
        "an addition to an item that is not there makes none",
        arguments: [WriteMode.append, .prepend])
    func addsToNothing(mode: WriteMode) throws {
        let missing = try set(request("b", [1]) { $0.mode = mode })
        #expect(missing.outcome == .conditionFailed && missing.version == 0)
        #expect(try server.get("b").head.outcome == .miss)
    }

    @Test("a Set over a client's greatest version is seen by whoever compares versions")
    func greatestVersion() throws {
        _ = try set(request("a", [1]) { $0.version = .max })
        let next = try set(request("a", [2]))
        #expect(next.outcome == .stored && next.version < .max)
        let late = try set(request("a", [3]) { $0.condition = .ifVersion(.max) })
        #expect(late.outcome == .conditionFailed && late.version == next.version)
    }

    @Test("an addition that makes the value too large is a failed precondition")
    func addsTooMuch() throws {
        let small = TestServer(budgetBytes: 1 << 20)
        try small.set("a", .pattern(100))
        let count = 1 << 20
        let status = small.status(
            "Set",
            SetRequest(key: Array("a".utf8), value: .pattern(count), mode: .append))
        #expect(status.code == .failedPrecondition)
        #expect(status.reason == "VALUE_TOO_LARGE")
        #expect(try small.get("a").value == .pattern(100))
    }

    @Test("values over the limit are refused with the limit and the length")
    func tooLarge() {
        var limits = Limits()
        limits.valueBytesMax = 10
        let small = TestServer(limits: limits)
        let status = small.status("Set", SetRequest(key: [1], value: .pattern(11)))
        #expect(status.code == .invalidArgument)
        #expect(status.reason == "VALUE_TOO_LARGE")
        #expect(status.message == "value of 11 bytes is over the limit of 10 bytes")
        #expect(small.status("Set", SetRequest(key: [1], value: .pattern(10))) == .ok)
    }

    @Test("a value that can never fit the budget is refused by the cache in the same words")
    func neverFits() {
        let small = TestServer(budgetBytes: 1 << 20)
        let status = small.status("Set", SetRequest(key: [1], value: .pattern(2 << 20)))
        #expect(status.code == .invalidArgument)
        #expect(status.reason == "VALUE_TOO_LARGE")
        #expect(status.message.hasPrefix("value of 2097152 bytes is over the limit of "))
    }

    @Test("hints are taken, and an enum's new number among them does no harm")
    func hints() throws {
        let response = try set(
            request("a") {
                $0.cost = 7
                $0.priority = Priority(rawValue: 99)
            })
        #expect(response.outcome == .stored)
    }

    static let contradictions: [(String, @Sendable (inout SetRequest) -> Void)] = [
        ("if_newer without a version", { $0.condition = .ifNewer(true) }),
        (
            "keep_ttl with ttl_millis",
            {
                $0.keepTTL = true
                $0.ttlMillis = 0
            }
        ),
        (
            "append with if_absent",
            {
                $0.mode = .append
                $0.condition = .ifAbsent(true)
            }
        ),
        (
            "prepend with a version",
            {
                $0.mode = .prepend
                $0.version = 4
            }
        ),
        (
            "append with flags",
            {
                $0.mode = .append
                $0.flags = 4
            }
        ),
        (
            "append with ttl_millis",
            {
                $0.mode = .append
                $0.ttlMillis = 4
            }
        ),
        (
            "append with idle_millis",
            {
                $0.mode = .append
                $0.idleMillis = 4
            }
        ),
    ]

    @Test("fields that contradict each other are refused", arguments: contradictions.indices)
    func contradicts(index: Int) {
        let status = server.status("Set", request("a", [1], Self.contradictions[index].1))
        #expect(status.code == .invalidArgument)
        #expect(status.reason == "FIELDS_CONTRADICT")
    }

    static let notServed: [(String, @Sendable (inout SetRequest) -> Void)] = [
        ("SetRequest.stale_millis", { $0.staleMillis = 1 }),
        ("SetRequest.lease_token", { $0.leaseToken = 1 }),
        ("SetRequest.tags", { $0.tags = [""] }),
    ]

    @Test("fields that are not served are named, not ignored", arguments: notServed.indices)
    func unserved(index: Int) throws {
        let (field, change) = Self.notServed[index]
        let status = server.status("Set", request("a", [1], change))
        #expect(status.code == .unimplemented)
        #expect(status.reason == "FIELD_NOT_SERVED")
        #expect(status.message == "\(field) is not served by this version")
        #expect(try server.get("a").head.outcome == .miss)
    }

    @Test("other refusals: times over the limit, unknown modes, bad keys, unknown namespaces")
    func refusals() {
        let long = server.status("Set", request { $0.ttlMillis = .max })
        #expect(long.code == .invalidArgument)
        #expect(long.reason == "TTL_TOO_LONG")
        let idle = server.status("Set", request { $0.idleMillis = .max })
        #expect(idle.reason == "TTL_TOO_LONG")
        #expect(idle.message.contains("idle_millis"))
        let mode = server.status("Set", request { $0.mode = WriteMode(rawValue: 3) })
        #expect(mode.reason == "ENUM_UNKNOWN")
        #expect(server.status("Set", request("")).reason == "KEY_EMPTY")
        let key = String(repeating: "k", count: 1_025)
        #expect(server.status("Set", request(key)).reason == "KEY_TOO_LONG")
        let namespace = server.status("Set", request { $0.namespace = "n" })
        #expect(namespace.reason == "NAMESPACE_UNKNOWN")
    }

    @Test("no error text carries bytes of a key or a value")
    func texts() {
        let secret = "sesame"
        let key = String(repeating: secret, count: 300)
        for status in [
            server.status("Set", request(key, Array(secret.utf8))),
            server.status("Set", request(secret, Array(secret.utf8)) { $0.namespace = secret }),
            server.status("Set", request(secret, Array(secret.utf8)) { $0.tags = [secret] }),
        ] {
            #expect(!status.isOK)
            #expect(!status.message.contains(secret))
        }
    }
}
