import LarderCache

/// Which entries an export sends.
struct ExportFilter {
    let keyPrefix: [UInt8]
    /// Places on the ring, both ends included; nil: all.
    let places: ClosedRange<UInt64>?

    /// A number that another filter very likely does not have.
    var hash: UInt64 {
        var hash = XXH64()
        var bounds: [UInt8] = []
        var ends: [UInt64] = []
        if let places { ends = [places.lowerBound, places.upperBound] }
        for number in ends {
            for shift in 0..<8 { bounds.append(UInt8(truncatingIfNeeded: number >> (8 * shift))) }
        }
        bounds.append(UInt8(ends.count))
        hash.update(bounds.span)
        hash.update(keyPrefix.span)
        return hash.value
    }

    func admits(_ key: Span<UInt8>) -> Bool {
        guard key.count >= keyPrefix.count else { return false }
        for offset in keyPrefix.indices where key[offset] != keyPrefix[offset] { return false }
        guard let places else { return true }
        let namespace = Namespace.defaultName
        return places.contains(RoutingKey.place(namespace: namespace.span, key: key))
    }
}
