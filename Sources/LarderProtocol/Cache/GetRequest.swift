/// A `GetRequest` as it lies in the receive buffer.
package struct GetRequestView: ~Escapable {
    package private(set) var key: Span<UInt8>
    package private(set) var namespace: Span<UInt8>
    package private(set) var ifVersionNot: UInt64 = 0
    package private(set) var metadataOnly = false
    package private(set) var peek = false
    package private(set) var touchTTLMillis: UInt64?
    package private(set) var lease: Lease?
    package private(set) var maxInlineBytes: UInt32 = 0
    package private(set) var maxAgeMillis: UInt32 = 0

    @_lifetime(copy bytes)
    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        var reader = WireReader(bytes)
        try self.init(&reader)
    }

    /// Reads all that is left.
    @_lifetime(copy reader)
    init(_ reader: inout WireReader) throws(WireError) {
        namespace = Span()
        // Most requests are a key and nothing else.
        if let only = reader.onlyBytesField(1) {
            key = only
            return
        }
        key = Span()
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): key = try reader.bytesField()
            case .bytes(2): namespace = try reader.stringField()
            case .varint(3): ifVersionNot = try reader.varint()
            case .varint(4): metadataOnly = try reader.bool()
            case .varint(5): peek = try reader.bool()
            case .varint(6): touchTTLMillis = try reader.varint()
            case .bytes(7):
                var merged = lease ?? Lease()
                try merged.merge(fieldOf: &reader)
                lease = merged
            case .varint(8): maxInlineBytes = try reader.uint32()
            case .varint(9): maxAgeMillis = try reader.uint32()
            default: try reader.skip(tag)
            }
        }
    }
}

/// Asks for one item.
package struct GetRequest: WireMessage {
    package var key: [UInt8]
    /// Empty: "default".
    package var namespace: String
    /// Leave the value out if the item has this version. 0: never.
    package var ifVersionNot: UInt64
    package var metadataOnly: Bool
    /// Do not count this read.
    package var peek: Bool
    /// On a hit, the item's new time to live; 0 is for ever.
    package var touchTTLMillis: UInt64?
    package var lease: Lease?
    /// Leave longer values out. 0: the server's limit.
    package var maxInlineBytes: UInt32
    /// What was written longer ago is a miss. 0: any age.
    package var maxAgeMillis: UInt32

    package init() { self.init(key: []) }

    package init(
        key: [UInt8], namespace: String = "", ifVersionNot: UInt64 = 0, metadataOnly: Bool = false,
        peek: Bool = false, touchTTLMillis: UInt64? = nil, lease: Lease? = nil,
        maxInlineBytes: UInt32 = 0, maxAgeMillis: UInt32 = 0
    ) {
        self.key = key
        self.namespace = namespace
        self.ifVersionNot = ifVersionNot
        self.metadataOnly = metadataOnly
        self.peek = peek
        self.touchTTLMillis = touchTTLMillis
        self.lease = lease
        self.maxInlineBytes = maxInlineBytes
        self.maxAgeMillis = maxAgeMillis
    }

    package init(_ view: borrowing GetRequestView) {
        self.init(
            key: [UInt8](copy: view.key), namespace: String(utf8: view.namespace),
            ifVersionNot: view.ifVersionNot, metadataOnly: view.metadataOnly, peek: view.peek,
            touchTTLMillis: view.touchTTLMillis, lease: view.lease,
            maxInlineBytes: view.maxInlineBytes, maxAgeMillis: view.maxAgeMillis)
    }

    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        self.init(try GetRequestView(decoding: bytes))
    }

    package func encode(into writer: inout WireWriter) {
        writer.bytes(1, key.span)
        writer.string(2, namespace)
        writer.uint(3, ifVersionNot)
        writer.bool(4, metadataOnly)
        writer.bool(5, peek)
        writer.uint(6, ifPresent: touchTTLMillis)
        if let lease { writer.message(7) { output in lease.encode(into: &output) } }
        writer.uint(8, UInt64(maxInlineBytes))
        writer.uint(9, UInt64(maxAgeMillis))
    }
}
