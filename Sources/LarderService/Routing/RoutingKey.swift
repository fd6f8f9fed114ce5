/// What decides on which server of a ring a key lives.
///
/// It is the namespace, a zero byte, and the tag of the key: what stands between the first `{`
/// and the next `}`, the whole key when there is no such part or when it is empty.
package enum RoutingKey {
    /// The key's place on the ring: what `larder-route` says in hexadecimal digits.
    package static func place(namespace: Span<UInt8>, key: Span<UInt8>) -> UInt64 {
        var hash = XXH64()
        hash.update(namespace)
        let zero: InlineArray<1, UInt8> = [0]
        hash.update(zero.span)
        hash.update(key.extracting(tagRange(of: key)))
        return hash.value
    }

    /// The part of the key that is hashed.
    package static func tagRange(of key: Span<UInt8>) -> Range<Int> {
        let open = UInt8(ascii: "{")
        let close = UInt8(ascii: "}")
        var start = 0
        while start < key.count, key[start] != open { start += 1 }
        guard start < key.count else { return 0..<key.count }
        var end = start + 1
        while end < key.count, key[end] != close { end += 1 }
        guard end < key.count, end > start + 1 else { return 0..<key.count }
        return (start + 1)..<end
    }
}
