/// An `EntryBatch` as it lies in the receive buffer, decoded and found good.
///
/// A batch that is part of a `BulkLoadRequest` may be spread over several fields of it, which
/// together are one batch.
package struct EntryBatchView: ~Escapable {
    package private(set) var firstIndex: UInt64 = 0
    package private(set) var entryCount = 0
    // The batch itself, or the part of a BulkLoadRequest that holds it.
    private let bytes: Span<UInt8>
    private let liesInRequest: Bool

    @_lifetime(copy bytes)
    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        self.bytes = bytes
        liesInRequest = false
        var reader = WireReader(bytes)
        try merge(&reader)
    }

    /// A batch that is still empty; its parts are among the fields in `request`.
    @_lifetime(copy request)
    init(within request: Span<UInt8>) {
        bytes = request
        liesInRequest = true
    }

    @_lifetime(self: copy self)
    mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): firstIndex = try reader.varint()
            case .bytes(2):
                var inner = try reader.messageField()
                _ = try EntryView(&inner)
                entryCount += 1
            default: try reader.skip(tag)
            }
        }
    }

    /// The entries in their order.
    @_lifetime(copy self)
    package func entries() -> Iterator { Iterator(bytes, liesInRequest: liesInRequest) }

    /// Goes through a batch, entry by entry.
    package struct Iterator: ~Copyable, ~Escapable {
        private var batches: FieldIterator
        private var entries: FieldIterator

        @_lifetime(copy bytes)
        fileprivate init(_ bytes: Span<UInt8>, liesInRequest: Bool) {
            let none = bytes.extracting(0..<0)
            batches = FieldIterator(liesInRequest ? bytes : none, number: 2)
            entries = FieldIterator(liesInRequest ? none : bytes, number: 2)
        }

        /// The next entry; nil after the last.
        @_lifetime(copy self)
        @_lifetime(self: copy self)
        package mutating func next() throws(WireError) -> EntryView? {
            while true {
                if let entry = try entries.next() { return try EntryView(decoding: entry) }
                guard let batch = try batches.next() else { return nil }
                entries = FieldIterator(batch, number: 2)
            }
        }
    }
}

/// Some of the entries of a load.
package struct EntryBatch: WireMessage {
    /// The number of the first entry in the load, from 0.
    package var firstIndex: UInt64
    package var entries: [Entry]

    package init() { self.init(firstIndex: 0, entries: []) }

    package init(firstIndex: UInt64, entries: [Entry]) {
        self.firstIndex = firstIndex
        self.entries = entries
    }

    package init(_ view: borrowing EntryBatchView) throws(WireError) {
        self.init(firstIndex: view.firstIndex, entries: [])
        entries.reserveCapacity(view.entryCount)
        var found = view.entries()
        while let entry = try found.next() { entries.append(try Entry(entry)) }
    }

    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        try self.init(try EntryBatchView(decoding: bytes))
    }

    package func encode(into writer: inout WireWriter) {
        writer.uint(1, firstIndex)
        for entry in entries { entry.encode(into: &writer, field: 2) }
    }
}
