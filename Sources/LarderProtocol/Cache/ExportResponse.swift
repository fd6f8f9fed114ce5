/// An `ExportResponse` as it lies in the receive buffer, decoded and found good.
package struct ExportResponseView: ~Escapable {
    package private(set) var entryCount = 0
    package private(set) var cursor: Span<UInt8>
    package private(set) var scanned: UInt64 = 0
    package private(set) var total: UInt64 = 0
    private let bytes: Span<UInt8>

    @_lifetime(copy bytes)
    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        self.bytes = bytes
        cursor = Span()
        var reader = WireReader(bytes)
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1):
                var inner = try reader.messageField()
                _ = try EntryView(&inner)
                entryCount += 1
            case .bytes(2): cursor = try reader.bytesField()
            case .varint(3): scanned = try reader.varint()
            case .varint(4): total = try reader.varint()
            default: try reader.skip(tag)
            }
        }
    }

    /// The entries in their order, each for `EntryView(decoding:)`.
    @_lifetime(copy self)
    package func entries() -> FieldIterator { FieldIterator(bytes, number: 1) }
}

/// Some of the entries of a server, and where to go on.
package struct ExportResponse: WireMessage {
    package var entries: [Entry]
    package var cursor: [UInt8]
    /// Of all entries, how many are behind the cursor: an estimate.
    package var scanned: UInt64
    package var total: UInt64

    package init() { self.init(entries: []) }

    package init(
        entries: [Entry], cursor: [UInt8] = [], scanned: UInt64 = 0, total: UInt64 = 0
    ) {
        self.entries = entries
        self.cursor = cursor
        self.scanned = scanned
        self.total = total
    }

    package init(_ view: borrowing ExportResponseView) throws(WireError) {
        self.init(
            entries: [], cursor: [UInt8](copy: view.cursor), scanned: view.scanned,
            total: view.total)
        var found = view.entries()
        while let entry = try found.next() { entries.append(try Entry(decoding: entry)) }
    }

    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        try self.init(try ExportResponseView(decoding: bytes))
    }

    package func encode(into writer: inout WireWriter) {
        for entry in entries { entry.encode(into: &writer, field: 1) }
        ExportResponse.encodeEnd(
            cursor: cursor.span, scanned: scanned, total: total, into: &writer)
    }

    /// Appends one more entry; all of them come before `encodeEnd`.
    package static func append(
        _ head: EntryHead, key: Span<UInt8>, namespace: Span<UInt8> = Span(),
        value: Span<UInt8>, into writer: inout WireWriter
    ) {
        let count = head.encodedBytes(
            keyCount: key.count, namespaceCount: namespace.count, valueCount: value.count)
        writer.bytesHeader(1, count: count)
        head.encode(into: &writer, key: key, namespace: namespace, value: value)
    }

    /// Appends what comes behind the entries.
    package static func encodeEnd(
        cursor: Span<UInt8>, scanned: UInt64, total: UInt64, into writer: inout WireWriter
    ) {
        writer.bytes(2, cursor)
        writer.uint(3, scanned)
        writer.uint(4, total)
    }
}
