/// All of an `Entry` but its key, its namespace, its tags and its value.
package struct EntryHead: Equatable, Sendable {
    /// What is left of it. nil: the entry does not expire.
    package var ttlMillis: UInt64?
    package var staleMillis: UInt64
    package var idleMillis: UInt64
    package var flags: UInt32
    package var cost: UInt32
    package var priority: Priority
    package var version: UInt64
    /// CRC32C of the key and then of the value. nil: not checked.
    package var crc32c: UInt32?
    /// How often the key is asked for, as the policy of the sender estimates it.
    package var frequency: UInt32
    /// The length of the whole value, when it comes in several entries.
    package var valueBytes: UInt64
    /// Where in the whole value this entry's part belongs.
    package var valueOffset: UInt64

    package init(
        ttlMillis: UInt64? = nil, staleMillis: UInt64 = 0, idleMillis: UInt64 = 0,
        flags: UInt32 = 0, cost: UInt32 = 0, priority: Priority = .unspecified,
        version: UInt64 = 0, crc32c: UInt32? = nil, frequency: UInt32 = 0, valueBytes: UInt64 = 0,
        valueOffset: UInt64 = 0
    ) {
        self.ttlMillis = ttlMillis
        self.staleMillis = staleMillis
        self.idleMillis = idleMillis
        self.flags = flags
        self.cost = cost
        self.priority = priority
        self.version = version
        self.crc32c = crc32c
        self.frequency = frequency
        self.valueBytes = valueBytes
        self.valueOffset = valueOffset
    }

    /// Appends a whole entry.
    package func encode(
        into writer: inout WireWriter, key: Span<UInt8>, namespace: Span<UInt8> = Span(),
        tags: [String] = [], value: Span<UInt8>
    ) {
        writer.bytes(1, key)
        writer.bytes(2, namespace)
        writer.uint(3, ifPresent: ttlMillis)
        writer.uint(4, staleMillis)
        writer.uint(5, idleMillis)
        writer.uint(6, UInt64(flags))
        writer.uint(8, UInt64(cost))
        writer.int32(9, priority.rawValue)
        for tag in tags { writer.string(10, always: tag) }
        writer.bytes(15, value)
        writer.uint(16, version)
        writer.fixed32(20, ifPresent: crc32c)
        writer.uint(21, UInt64(frequency))
        writer.uint(22, valueBytes)
        writer.uint(23, valueOffset)
    }

    /// How long such an entry is.
    package func encodedBytes(
        keyCount: Int, namespaceCount: Int = 0, tags: [String] = [], valueCount: Int
    ) -> Int {
        var total = WireWriter.bytesFieldBytes(1, count: keyCount)
        total += WireWriter.bytesFieldBytes(2, count: namespaceCount)
        if let ttlMillis { total += WireWriter.uintBytes(3, always: ttlMillis) }
        total += WireWriter.uintBytes(4, staleMillis) + WireWriter.uintBytes(5, idleMillis)
        total += WireWriter.uintBytes(6, UInt64(flags)) + WireWriter.uintBytes(8, UInt64(cost))
        total += WireWriter.uintBytes(9, UInt64(bitPattern: Int64(priority.rawValue)))
        for tag in tags {
            let count = tag.utf8.count
            total += 1 + WireWriter.varintBytes(UInt64(count)) + count
        }
        total += WireWriter.bytesFieldBytes(15, count: valueCount)
        total += WireWriter.uintBytes(16, version)
        if crc32c != nil { total += 6 }
        total += WireWriter.uintBytes(21, UInt64(frequency))
        return total + WireWriter.uintBytes(22, valueBytes) + WireWriter.uintBytes(23, valueOffset)
    }
}

/// An `Entry` as it lies in the receive buffer.
package struct EntryView: ~Escapable {
    package private(set) var key: Span<UInt8>
    package private(set) var namespace: Span<UInt8>
    package private(set) var head = EntryHead()
    package private(set) var tagCount = 0
    package private(set) var value: Span<UInt8>
    private let bytes: Span<UInt8>

    @_lifetime(copy bytes)
    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        var reader = WireReader(bytes)
        try self.init(&reader)
    }

    /// Reads the message that is all of what `reader` has left.
    @_lifetime(copy reader)
    init(_ reader: inout WireReader) throws(WireError) {
        bytes = reader.rest
        key = Span()
        namespace = Span()
        value = Span()
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): key = try reader.bytesField()
            case .bytes(2): namespace = try reader.stringField()
            case .varint(3): head.ttlMillis = try reader.varint()
            case .varint(4): head.staleMillis = try reader.varint()
            case .varint(5): head.idleMillis = try reader.varint()
            case .varint(6): head.flags = try reader.uint32()
            case .varint(8): head.cost = try reader.uint32()
            case .varint(9): head.priority = Priority(rawValue: try reader.int32())
            case .bytes(10):
                _ = try reader.stringField()
                tagCount += 1
            case .bytes(15): value = try reader.bytesField()
            case .varint(16): head.version = try reader.varint()
            case .fixed32(20): head.crc32c = try reader.fixed32()
            case .varint(21): head.frequency = try reader.uint32()
            case .varint(22): head.valueBytes = try reader.varint()
            case .varint(23): head.valueOffset = try reader.varint()
            default: try reader.skip(tag)
            }
        }
    }

    /// The tags, one after the other.
    @_lifetime(copy self)
    package func tags() -> FieldIterator { FieldIterator(bytes, number: 10) }
}

/// One item with all that is needed to put it into another server.
package struct Entry: WireMessage {
    package var key: [UInt8]
    package var namespace: String
    package var head: EntryHead
    package var tags: [String]
    package var value: [UInt8]

    package init() { self.init(key: [], value: []) }

    package init(
        key: [UInt8], value: [UInt8], namespace: String = "", head: EntryHead = EntryHead(),
        tags: [String] = []
    ) {
        self.key = key
        self.namespace = namespace
        self.head = head
        self.tags = tags
        self.value = value
    }

    package init(_ view: borrowing EntryView) throws(WireError) {
        self.init(
            key: [UInt8](copy: view.key), value: [UInt8](copy: view.value),
            namespace: String(utf8: view.namespace), head: view.head)
        var found = view.tags()
        while let tag = try found.next() { tags.append(String(utf8: tag)) }
    }

    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        try self.init(try EntryView(decoding: bytes))
    }

    package func encode(into writer: inout WireWriter) {
        head.encode(
            into: &writer, key: key.span, namespace: namespace.utf8.span, tags: tags,
            value: value.span)
    }

    /// Appends the entry as a field of another message.
    func encode(into writer: inout WireWriter, field number: UInt32) {
        let count = head.encodedBytes(
            keyCount: key.count, namespaceCount: namespace.utf8.count, tags: tags,
            valueCount: value.count)
        writer.bytesHeader(number, count: count)
        encode(into: &writer)
    }
}
