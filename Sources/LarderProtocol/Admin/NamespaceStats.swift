/// The counters of one namespace.
package struct NamespaceStats: MergedMessage {
    package var name = ""
    package var entries: UInt64 = 0
    /// Keys, values and everything the server keeps for them.
    package var usedBytes: UInt64 = 0
    package var valueBytes: UInt64 = 0
    package var hits: UInt64 = 0
    package var misses: UInt64 = 0
    package var hitBytes: UInt64 = 0
    package var missBytes: UInt64 = 0
    package var staleHits: UInt64 = 0
    package var sets: UInt64 = 0
    package var deletes: UInt64 = 0
    package var evicted: UInt64 = 0
    package var evictedBytes: UInt64 = 0
    package var expired: UInt64 = 0
    package var notAdmitted: UInt64 = 0
    package var notAdmittedBytes: UInt64 = 0
    package var leasesGranted: UInt64 = 0
    package var coalesced: UInt64 = 0

    package init() {}

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .bytes(1): name = String(utf8: try reader.stringField())
            case .varint(2): entries = try reader.varint()
            case .varint(3): usedBytes = try reader.varint()
            case .varint(4): valueBytes = try reader.varint()
            case .varint(5): hits = try reader.varint()
            case .varint(6): misses = try reader.varint()
            case .varint(7): hitBytes = try reader.varint()
            case .varint(8): missBytes = try reader.varint()
            case .varint(9): staleHits = try reader.varint()
            case .varint(10): sets = try reader.varint()
            case .varint(11): deletes = try reader.varint()
            case .varint(12): evicted = try reader.varint()
            case .varint(13): evictedBytes = try reader.varint()
            case .varint(14): expired = try reader.varint()
            case .varint(15): notAdmitted = try reader.varint()
            case .varint(16): notAdmittedBytes = try reader.varint()
            case .varint(17): leasesGranted = try reader.varint()
            case .varint(18): coalesced = try reader.varint()
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.string(1, name)
        writer.uint(2, entries)
        writer.uint(3, usedBytes)
        writer.uint(4, valueBytes)
        writer.uint(5, hits)
        writer.uint(6, misses)
        writer.uint(7, hitBytes)
        writer.uint(8, missBytes)
        writer.uint(9, staleHits)
        writer.uint(10, sets)
        writer.uint(11, deletes)
        writer.uint(12, evicted)
        writer.uint(13, evictedBytes)
        writer.uint(14, expired)
        writer.uint(15, notAdmitted)
        writer.uint(16, notAdmittedBytes)
        writer.uint(17, leasesGranted)
        writer.uint(18, coalesced)
    }
}
