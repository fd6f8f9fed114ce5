import LarderService
import Testing

@Suite("RoutingKey and XXH64")
struct RoutingKeyTests {
    @Test(
        "the published vectors come out",
        arguments: [
            ([], 0xEF46_DB37_51D8_E999),
            (Array("a".utf8), 0xD24E_C4F1_A98C_6E5B),
            (Array("abc".utf8), 0x44BC_2CF5_AD77_0999),
            (Array("xxhash".utf8), 0x32DD_3895_2C4B_C720),
            ([UInt8](0..<100), 0x6AC1_E580_3216_6597),
        ] as [([UInt8], UInt64)])
    func vectors(bytes: [UInt8], expected: UInt64) {
        #expect(XXH64.hash(bytes.span) == expected)
    }

    @Test("bytes in parts give what the whole gives, wherever they are cut")
    func parts() {
        let bytes = [UInt8](0..<140)
        let whole = XXH64.hash(bytes.span)
        for cut in 0...bytes.count {
            let head = Array(bytes[..<cut])
            let tail = Array(bytes[cut...])
            var hash = XXH64()
            hash.update(head.span)
            hash.update(tail.span)
            #expect(hash.value == whole)
        }
    }

    @Test(
        "the tag between braces is hashed when it is there and not empty",
        arguments: [
            ("user:42", "user:42"), ("{42}:a", "42"), ("a{42}b{43}", "42"), ("a{}b", "a{}b"),
            ("a{}{x}", "a{}{x}"), ("a{42", "a{42"), ("a}b{c}", "c"), ("{{a}}", "{a"), ("", ""),
            ("}{", "}{"),
        ])
    func tags(key: String, tag: String) {
        let bytes = Array(key.utf8)
        #expect(Array(bytes[RoutingKey.tagRange(of: bytes.span)]) == Array(tag.utf8))
    }

    @Test("the place is the hash of namespace, zero byte and tag")
    func place() {
        let namespace = Array("default".utf8)
        let plain = Array("user:42".utf8)
        let tagged = Array("user:{42}:name".utf8)
        #expect(
            RoutingKey.place(namespace: namespace.span, key: plain.span) == 0x3D1D_FE07_9962_B46D)
        #expect(
            RoutingKey.place(namespace: namespace.span, key: tagged.span) == 0x0BA2_8B0A_BF60_6241)
    }
}
