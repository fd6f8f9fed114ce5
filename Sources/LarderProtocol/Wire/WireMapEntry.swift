/// An entry of a map field: on the wire a message with the key as field 1 and the value as 2.
protocol WireMapEntry {
    var key: String { get }

    init()

    mutating func merge(_ reader: inout WireReader) throws(WireError)
}

extension WireMapEntry {
    /// The entry that `reader` stands before. A missing key or value is the default one.
    init(mapEntryOf reader: inout WireReader) throws(WireError) {
        var inner = try reader.messageField()
        self.init()
        try merge(&inner)
    }
}

extension Array where Element: WireMapEntry {
    /// Sorts by key, and of entries with the same key keeps the one that came last.
    mutating func keepLastOfEachKey() {
        // Swift compares text by what it means and may find keys equal whose bytes differ; a map
        // on the wire goes by the bytes.
        let order = indices.sorted { first, second in
            let (left, right) = (self[first].key.utf8, self[second].key.utf8)
            if left.elementsEqual(right) { return first < second }
            return left.lexicographicallyPrecedes(right)
        }
        var kept: [Element] = []
        kept.reserveCapacity(count)
        for index in order {
            if let last = kept.last, last.key.utf8.elementsEqual(self[index].key.utf8) {
                kept.removeLast()
            }
            kept.append(self[index])
        }
        self = kept
    }
}
