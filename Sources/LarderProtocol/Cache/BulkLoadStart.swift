/// Whether a bulk load may push out what is in use.
package struct Admission: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    /// The policy decides, as for Set.
    package static let policy = Admission(rawValue: 0)
    package static let freeSpaceOnly = Admission(rawValue: 1)
    package static let force = Admission(rawValue: 2)
}

/// How a bulk load is to be done: the first message of its stream.
package struct BulkLoadStart: MergedMessage {
    /// Empty: the load cannot be continued.
    package var sessionID: String
    /// For every entry that names none.
    package var namespace: String
    /// For every entry that has none.
    package var defaultTTLMillis: UInt64?
    package var admission: Admission
    /// Do not replace items that are there.
    package var ifAbsent: Bool
    /// Acknowledge after this many entries. 0: only at the end.
    package var ackEvery: UInt32

    package init() { self.init(sessionID: "") }

    package init(
        sessionID: String, namespace: String = "", defaultTTLMillis: UInt64? = nil,
        admission: Admission = .policy, ifAbsent: Bool = false, ackEvery: UInt32 = 0
    ) {
        self.sessionID = sessionID
        self.namespace = namespace
        self.defaultTTLMillis = defaultTTLMillis
        self.admission = admission
        self.ifAbsent = ifAbsent
        self.ackEvery = ackEvery
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): sessionID = String(utf8: try reader.stringField())
            case .bytes(2): namespace = String(utf8: try reader.stringField())
            case .varint(3): defaultTTLMillis = try reader.varint()
            case .varint(4): admission = Admission(rawValue: try reader.int32())
            case .varint(5): ifAbsent = try reader.bool()
            case .varint(6): ackEvery = try reader.uint32()
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, sessionID)
        writer.string(2, namespace)
        writer.uint(3, ifPresent: defaultTTLMillis)
        writer.int32(4, admission.rawValue)
        writer.bool(5, ifAbsent)
        writer.uint(6, UInt64(ackEvery))
    }
}
