import LarderCache

/// An item held in an object, as a server holds it until it is written.
final class EntryHolder: Sendable {
    let entry: EntryReference

    init(_ entry: borrowing EntryReference) {
        self.entry = entry.another()
    }

    var key: [UInt8] { Self.key(entry) }
    var value: [UInt8] { Self.value(entry) }
    /// The length of the value, and its last byte.
    var ends: (count: Int, last: UInt8?) { Self.ends(entry) }
    var version: UInt64 { entry.version }
    var flags: UInt32 { entry.flags }
    var expiresAtNanos: UInt64? { entry.expiresAtNanos }
    var writtenAtNanos: UInt64 { entry.writtenAtNanos }

    // A span of a class's own item can only be had while it is lent to a function.
    private static func key(_ entry: borrowing EntryReference) -> [UInt8] { entry.key.array }
    private static func value(_ entry: borrowing EntryReference) -> [UInt8] { entry.value.array }
    private static func ends(_ entry: borrowing EntryReference) -> (count: Int, last: UInt8?) {
        let value = entry.value
        return (value.count, value.isEmpty ? nil : value[value.count - 1])
    }
}

extension Cache {
    /// A hold of the item under a key.
    func hold(_ key: [UInt8], nowNanos: UInt64 = 0) -> EntryHolder? {
        guard let entry = get(key.span, nowNanos: nowNanos) else { return nil }
        return EntryHolder(entry)
    }
}
