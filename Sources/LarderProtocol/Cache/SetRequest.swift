/// A `SetRequest` as it lies in the receive buffer.
package struct SetRequestView: ~Escapable {
    package private(set) var key: Span<UInt8>
    package private(set) var namespace: Span<UInt8>
    package private(set) var ttlMillis: UInt64?
    package private(set) var staleMillis: UInt64 = 0
    package private(set) var idleMillis: UInt64 = 0
    package private(set) var flags: UInt32 = 0
    package private(set) var leaseToken: UInt64 = 0
    package private(set) var cost: UInt32 = 0
    package private(set) var priority = Priority.unspecified
    package private(set) var tagCount = 0
    package private(set) var condition = WriteCondition.none
    package private(set) var value: Span<UInt8>
    package private(set) var version: UInt64 = 0
    package private(set) var mode = WriteMode.replace
    package private(set) var keepTTL = false
    package private(set) var returnCurrent = false
    private let bytes: Span<UInt8>

    @_lifetime(copy bytes)
    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        var reader = WireReader(bytes)
        try self.init(&reader)
    }

    /// Reads all that is left.
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
            case .varint(3): ttlMillis = try reader.varint()
            case .varint(4): staleMillis = try reader.varint()
            case .varint(5): idleMillis = try reader.varint()
            case .varint(6): flags = try reader.uint32()
            case .varint(7): leaseToken = try reader.varint()
            case .varint(8): cost = try reader.uint32()
            case .varint(9): priority = Priority(rawValue: try reader.int32())
            case .bytes(10):
                _ = try reader.stringField()
                tagCount += 1
            case .varint(11): condition = .ifAbsent(try reader.bool())
            case .varint(12): condition = .ifPresent(try reader.bool())
            case .varint(13): condition = .ifVersion(try reader.varint())
            case .varint(14): condition = .ifNewer(try reader.bool())
            case .bytes(15): value = try reader.bytesField()
            case .varint(16): version = try reader.varint()
            case .varint(17): mode = WriteMode(rawValue: try reader.int32())
            case .varint(18): keepTTL = try reader.bool()
            case .varint(19): returnCurrent = try reader.bool()
            default: try reader.skip(tag)
            }
        }
    }

    /// The tags, one after the other.
    @_lifetime(copy self)
    package func tags() -> FieldIterator { FieldIterator(bytes, number: 10) }
}

/// Stores one item.
package struct SetRequest: WireMessage {
    package var key: [UInt8]
    /// Empty: "default".
    package var namespace: String
    /// nil: the namespace's default; 0: never.
    package var ttlMillis: UInt64?
    package var staleMillis: UInt64
    package var idleMillis: UInt64
    package var flags: UInt32
    package var leaseToken: UInt64
    package var cost: UInt32
    package var priority: Priority
    package var tags: [String]
    package var condition: WriteCondition
    package var value: [UInt8]
    /// The caller's own version. 0: the server's.
    package var version: UInt64
    package var mode: WriteMode
    package var keepTTL: Bool
    package var returnCurrent: Bool

    package init() { self.init(key: [], value: []) }

    package init(
        key: [UInt8], value: [UInt8], namespace: String = "", ttlMillis: UInt64? = nil,
        staleMillis: UInt64 = 0, idleMillis: UInt64 = 0, flags: UInt32 = 0, leaseToken: UInt64 = 0,
        cost: UInt32 = 0, priority: Priority = .unspecified, tags: [String] = [],
        condition: WriteCondition = .none, version: UInt64 = 0, mode: WriteMode = .replace,
        keepTTL: Bool = false, returnCurrent: Bool = false
    ) {
        self.key = key
        self.namespace = namespace
        self.ttlMillis = ttlMillis
        self.staleMillis = staleMillis
        self.idleMillis = idleMillis
        self.flags = flags
        self.leaseToken = leaseToken
        self.cost = cost
        self.priority = priority
        self.tags = tags
        self.condition = condition
        self.value = value
        self.version = version
        self.mode = mode
        self.keepTTL = keepTTL
        self.returnCurrent = returnCurrent
    }

    package init(_ view: borrowing SetRequestView) throws(WireError) {
        self.init(
            key: [UInt8](copy: view.key), value: [UInt8](copy: view.value),
            namespace: String(utf8: view.namespace), ttlMillis: view.ttlMillis,
            staleMillis: view.staleMillis, idleMillis: view.idleMillis, flags: view.flags,
            leaseToken: view.leaseToken, cost: view.cost, priority: view.priority,
            condition: view.condition, version: view.version, mode: view.mode,
            keepTTL: view.keepTTL, returnCurrent: view.returnCurrent)
        var found = view.tags()
        while let tag = try found.next() { tags.append(String(utf8: tag)) }
    }

    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        try self.init(try SetRequestView(decoding: bytes))
    }

    package func encode(into writer: inout WireWriter) {
        writer.bytes(1, key.span)
        writer.string(2, namespace)
        writer.uint(3, ifPresent: ttlMillis)
        writer.uint(4, staleMillis)
        writer.uint(5, idleMillis)
        writer.uint(6, UInt64(flags))
        writer.uint(7, leaseToken)
        writer.uint(8, UInt64(cost))
        writer.int32(9, priority.rawValue)
        for tag in tags { writer.string(10, always: tag) }
        condition.encode(into: &writer)
        writer.bytes(15, value.span)
        writer.uint(16, version)
        writer.int32(17, mode.rawValue)
        writer.bool(18, keepTTL)
        writer.bool(19, returnCurrent)
    }
}
