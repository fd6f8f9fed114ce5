import LarderCache
import LarderGRPC
import LarderProtocol
import LarderService
import Testing

@Suite("Get")
struct GetTests {
    let server = TestServer()

    @Test("a miss is exactly 08 02")
    func miss() {
        let (messages, status) = server.call(
            "Get", bytes: GetRequest(key: Array("a".utf8)).encoded())
        #expect(status == .ok)
        #expect(messages == [[0x08, 0x02]])
    }

    @Test("a hit tells version, flags, what is left to live, length, age and value")
    func hit() throws {
        let set: SetResponse = try server.answer(
            "Set",
            SetRequest(
                key: Array("a".utf8), value: [1, 2, 3], ttlMillis: 10_000, flags: 9, version: 55))
        #expect(set == SetResponse(outcome: .stored, version: 55))
        server.advance(millis: 2_500)
        let response = try server.get("a")
        #expect(
            response.head
                == GetResponseHead(
                    outcome: .hit, version: 55, flags: 9, ttlMillis: 7_500, valueBytes: 3,
                    ageMillis: 2_500))
        #expect(response.value == [1, 2, 3])
    }

    @Test("what never expires has no time to live, and what has less than a millisecond has one")
    func timeLeft() throws {
        try server.set("a", [1])
        try server.set("b", [1], ttlMillis: 0)
        try server.set("c", [1], ttlMillis: 1)
        #expect(try server.get("a").head.ttlMillis == nil)
        #expect(try server.get("b").head.ttlMillis == nil)
        server.nowNanos += 999_999
        #expect(try server.get("c").head.ttlMillis == 1)
        server.nowNanos += 1
        #expect(try server.get("c").head.outcome == .miss)
    }

    @Test(
        "values of every length come back, small ones copied and large ones by reference",
        arguments: [0, 1, 127, 128, 1_023, 1_024, 1_025, 16_384, 70_000, 1 << 20])
    func lengths(count: Int) throws {
        let value = [UInt8].pattern(count)
        try server.set("a", value)
        var reply = Reply()
        let request = GetRequest(key: Array("a".utf8)).encoded()
        server.services.unary(
            server.method("Get"), request: request.span, nowNanos: server.nowNanos, reply: &reply)
        let tailCount = reply.tails.count
        #expect(tailCount == (count > Reply.copiedValueBytesMax ? 1 : 0))
        let message = unframed(reply)[0]
        let response = try GetResponse(decoding: message.span)
        #expect(response.value == value)
        #expect(response.head.valueBytes == UInt64(count))
    }

    @Test("a value stays readable in a reply after it was replaced and deleted")
    func tailOutlivesEntry() throws {
        let value = [UInt8].pattern(5_000)
        try server.set("a", value)
        var reply = Reply()
        let request = GetRequest(key: Array("a".utf8)).encoded()
        server.services.unary(
            server.method("Get"), request: request.span, nowNanos: server.nowNanos, reply: &reply)
        try server.set("a", [UInt8](repeating: 0xEE, count: 5_000))
        let _: DeleteResponse = try server.answer("Delete", DeleteRequest(key: Array("a".utf8)))
        let message = unframed(reply)[0]
        #expect(try GetResponse(decoding: message.span).value == value)
    }

    @Test("a version that the caller has already comes without the value")
    func notModified() throws {
        let version = try server.set("a", [1, 2, 3], ttlMillis: 1_000).version
        let same: GetResponse = try server.answer(
            "Get", GetRequest(key: Array("a".utf8), ifVersionNot: version))
        #expect(same.head.outcome == .notModified)
        #expect(same.head.version == version)
        #expect(same.head.valueBytes == 3)
        #expect(same.head.ttlMillis == 1_000)
        #expect(same.value.isEmpty)
        let other: GetResponse = try server.answer(
            "Get", GetRequest(key: Array("a".utf8), ifVersionNot: version + 1))
        #expect(other.head.outcome == .hit)
        #expect(other.value == [1, 2, 3])
    }

    @Test("metadata only is a hit without the value, however long that is")
    func metadataOnly() throws {
        try server.set("a", .pattern(3 << 20))
        let response: GetResponse = try server.answer(
            "Get", GetRequest(key: Array("a".utf8), metadataOnly: true))
        #expect(response.head.outcome == .hit)
        #expect(response.head.valueBytes == 3 << 20)
        #expect(response.value.isEmpty)
    }

    @Test("a value over the inline limit is not sent, unless the caller takes more")
    func tooLarge() throws {
        let value = [UInt8].pattern((1 << 20) + 1)
        try server.set("a", value)
        let plain = try server.get("a")
        #expect(plain.head.outcome == .tooLarge)
        #expect(plain.head.valueBytes == UInt64(value.count))
        #expect(plain.value.isEmpty)
        let more: GetResponse = try server.answer(
            "Get", GetRequest(key: Array("a".utf8), maxInlineBytes: .max))
        #expect(more.head.outcome == .hit)
        #expect(more.value == value)
        try server.set("b", [1, 2, 3])
        let less: GetResponse = try server.answer(
            "Get", GetRequest(key: Array("b".utf8), maxInlineBytes: 2))
        #expect(less.head.outcome == .tooLarge)
        #expect(less.head.valueBytes == 3)
    }

    @Test("an item older than the caller takes is a miss for that caller alone")
    func maxAge() throws {
        try server.set("a", [1])
        server.advance(millis: 1_000)
        let old: GetResponse = try server.answer(
            "Get", GetRequest(key: Array("a".utf8), maxAgeMillis: 999))
        #expect(old.head.outcome == .miss)
        let young: GetResponse = try server.answer(
            "Get", GetRequest(key: Array("a".utf8), maxAgeMillis: 1_000))
        #expect(young.head.outcome == .hit)
        #expect(try server.get("a").head.outcome == .hit)
    }

    @Test("a touch gives the item a new time to live, 0 for ever")
    func touch() throws {
        try server.set("a", [1], ttlMillis: 1_000)
        let _: GetResponse = try server.answer(
            "Get", GetRequest(key: Array("a".utf8), touchTTLMillis: 5_000))
        #expect(try server.get("a").head.ttlMillis == 5_000)
        let _: GetResponse = try server.answer(
            "Get", GetRequest(key: Array("a".utf8), touchTTLMillis: 0))
        #expect(try server.get("a").head.ttlMillis == nil)
    }

    @Test("a peek is not counted")
    func peek() throws {
        try server.set("a", [1])
        let before = server.cache.statistics()
        let response: GetResponse = try server.answer(
            "Get", GetRequest(key: Array("a".utf8), peek: true))
        #expect(response.head.outcome == .hit)
        let after = server.cache.statistics()
        #expect(after.hits == before.hits)
        #expect(after.misses == before.misses)
    }

    @Test("the text view's path reads the same items")
    func textView() throws {
        try server.set("a", [1])
        let response: GetResponse = try server.answer(
            "larder.text.v1.CacheService/Get", GetRequest(key: Array("a".utf8)))
        #expect(response.value == [1])
    }

    @Test("the namespace is the default one, named or not; no other is known")
    func namespaces() throws {
        try server.set("a", [1])
        let named: GetResponse = try server.answer(
            "Get", GetRequest(key: Array("a".utf8), namespace: "default"))
        #expect(named.head.outcome == .hit)
        for name in ["other", "Default", "defaul", "defaults"] {
            let status = server.status("Get", GetRequest(key: Array("a".utf8), namespace: name))
            #expect(status.code == .notFound)
            #expect(status.reason == "NAMESPACE_UNKNOWN")
            #expect(!status.message.contains("other"))
        }
    }

    @Test("an empty and a too long key are refused with the limit and the length")
    func keys() throws {
        let empty = server.status("Get", GetRequest(key: []))
        #expect(empty.code == .invalidArgument)
        #expect(empty.reason == "KEY_EMPTY")
        let long = server.status("Get", GetRequest(key: [UInt8](repeating: 65, count: 2_000)))
        #expect(long.code == .invalidArgument)
        #expect(long.reason == "KEY_TOO_LONG")
        #expect(long.message == "key of 2000 bytes is over the limit of 1024 bytes")
        #expect(long.metadata.map(\.key) == ["limit", "value"])
        #expect(long.metadata.map(\.value) == ["1024", "2000"])
        let longest = server.status("Get", GetRequest(key: [UInt8](repeating: 65, count: 1_024)))
        #expect(longest == .ok)
    }

    @Test("a lease is not served and says so; a touch beyond the limit is refused")
    func refused() {
        let lease = server.status(
            "Get", GetRequest(key: Array("a".utf8), lease: Lease(holdMillis: 0)))
        #expect(lease.code == .unimplemented)
        #expect(lease.reason == "FIELD_NOT_SERVED")
        #expect(lease.message == "GetRequest.lease is not served by this version")
        let touch = server.status(
            "Get", GetRequest(key: Array("a".utf8), touchTTLMillis: .max))
        #expect(touch.code == .invalidArgument)
        #expect(touch.reason == "TTL_TOO_LONG")
    }

    @Test("bytes that are no message are refused as such, and nothing is said but that")
    func malformed() {
        let (messages, status) = server.call("Get", bytes: [0x0A, 0x05, 0x61])
        #expect(messages.isEmpty)
        #expect(status.code == .internal)
        #expect(status.reason == "MESSAGE_MALFORMED")
    }
}
