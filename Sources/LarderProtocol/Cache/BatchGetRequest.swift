/// A `BatchGetRequest` as it lies in the receive buffer.
package struct BatchGetRequestView: ~Escapable {
    package private(set) var namespace: Span<UInt8>
    package private(set) var keyCount = 0
    /// Of the keys, the length of the shortest and of the longest; 0 where there are none.
    package private(set) var keyBytesLeast = 0
    package private(set) var keyBytesMost = 0
    package private(set) var metadataOnly = false
    package private(set) var peek = false
    package private(set) var maxResponseBytes: UInt32 = 0
    package private(set) var maxAgeMillis: UInt32 = 0
    private let bytes: Span<UInt8>

    @_lifetime(copy bytes)
    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        self.bytes = bytes
        namespace = Span()
        var reader = WireReader(bytes)
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): namespace = try reader.stringField()
            case .bytes(2):
                let keyBytes = try reader.bytesField().count
                keyBytesLeast = keyCount == 0 ? keyBytes : min(keyBytesLeast, keyBytes)
                keyBytesMost = max(keyBytesMost, keyBytes)
                keyCount += 1
            case .varint(3): metadataOnly = try reader.bool()
            case .varint(4): peek = try reader.bool()
            case .varint(5): maxResponseBytes = try reader.uint32()
            case .varint(6): maxAgeMillis = try reader.uint32()
            default: try reader.skip(tag)
            }
        }
    }

    /// The keys in their order.
    @_lifetime(copy self)
    package func keys() -> FieldIterator { FieldIterator(bytes, number: 2) }
}

/// Asks for several items.
package struct BatchGetRequest: WireMessage {
    /// Empty: "default".
    package var namespace: String
    package var keys: [[UInt8]]
    package var metadataOnly: Bool
    package var peek: Bool
    /// 0: the server's limit.
    package var maxResponseBytes: UInt32
    /// What was written longer ago is a miss. 0: any age.
    package var maxAgeMillis: UInt32

    package init() { self.init(keys: []) }

    package init(
        keys: [[UInt8]], namespace: String = "", metadataOnly: Bool = false, peek: Bool = false,
        maxResponseBytes: UInt32 = 0, maxAgeMillis: UInt32 = 0
    ) {
        self.namespace = namespace
        self.keys = keys
        self.metadataOnly = metadataOnly
        self.peek = peek
        self.maxResponseBytes = maxResponseBytes
        self.maxAgeMillis = maxAgeMillis
    }

    package init(_ view: borrowing BatchGetRequestView) throws(WireError) {
        self.init(
            keys: [], namespace: String(utf8: view.namespace), metadataOnly: view.metadataOnly,
            peek: view.peek, maxResponseBytes: view.maxResponseBytes,
            maxAgeMillis: view.maxAgeMillis)
        keys.reserveCapacity(view.keyCount)
        var found = view.keys()
        while let key = try found.next() { keys.append([UInt8](copy: key)) }
    }

    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        try self.init(try BatchGetRequestView(decoding: bytes))
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, namespace)
        for key in keys { writer.bytes(2, always: key.span) }
        writer.bool(3, metadataOnly)
        writer.bool(4, peek)
        writer.uint(5, UInt64(maxResponseBytes))
        writer.uint(6, UInt64(maxAgeMillis))
    }
}
