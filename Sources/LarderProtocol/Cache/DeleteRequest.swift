/// A `DeleteRequest` as it lies in the receive buffer.
package struct DeleteRequestView: ~Escapable {
    package private(set) var key: Span<UInt8>
    package private(set) var namespace: Span<UInt8>
    package private(set) var ifVersion: UInt64 = 0
    package private(set) var markStale = false
    package private(set) var leaseToken: UInt64 = 0

    @_lifetime(copy bytes)
    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        var reader = WireReader(bytes)
        try self.init(&reader)
    }

    /// Reads all that is left.
    @_lifetime(copy reader)
    init(_ reader: inout WireReader) throws(WireError) {
        key = Span()
        namespace = Span()
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): key = try reader.bytesField()
            case .bytes(2): namespace = try reader.stringField()
            case .varint(3): ifVersion = try reader.varint()
            case .varint(4): markStale = try reader.bool()
            case .varint(5): leaseToken = try reader.varint()
            default: try reader.skip(tag)
            }
        }
    }
}

/// Removes one item, or marks it stale.
package struct DeleteRequest: WireMessage {
    package var key: [UInt8]
    /// Empty: "default".
    package var namespace: String
    /// Only if the item has this version. 0: whatever it has.
    package var ifVersion: UInt64
    package var markStale: Bool
    /// Give up a lease.
    package var leaseToken: UInt64

    package init() { self.init(key: []) }

    package init(
        key: [UInt8], namespace: String = "", ifVersion: UInt64 = 0, markStale: Bool = false,
        leaseToken: UInt64 = 0
    ) {
        self.key = key
        self.namespace = namespace
        self.ifVersion = ifVersion
        self.markStale = markStale
        self.leaseToken = leaseToken
    }

    package init(_ view: borrowing DeleteRequestView) {
        self.init(
            key: [UInt8](copy: view.key), namespace: String(utf8: view.namespace),
            ifVersion: view.ifVersion, markStale: view.markStale, leaseToken: view.leaseToken)
    }

    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        self.init(try DeleteRequestView(decoding: bytes))
    }

    package func encode(into writer: inout WireWriter) {
        writer.bytes(1, key.span)
        writer.string(2, namespace)
        writer.uint(3, ifVersion)
        writer.bool(4, markStale)
        writer.uint(5, leaseToken)
    }
}
