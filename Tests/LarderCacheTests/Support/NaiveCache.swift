import LarderCache

/// The cache's naive twin: a dictionary that forgets nothing but what it is told to.
///
/// The real cache may answer as the twin does, or as if the item had been evicted; from then on
/// the twin takes the item for gone, so that one that comes back is found out.
struct NaiveCache {
    struct Item: Equatable {
        var value: [UInt8]
        var version: UInt64
        var flags: UInt32
        var expiresAtNanos: UInt64?
        var idleNanosMax: UInt64?
        var writtenAtNanos: UInt64

        /// By how much the cache's moments may be behind, and ahead where a version is.
        static let ageNanosError: UInt64 = 255
        private static let leadNanosMax: UInt64 = 256 << 18

        /// Whether it is the same item, as exactly as the cache keeps it.
        func agrees(with exact: Item?) -> Bool {
            guard var exact else { return false }
            let isMoment =
                writtenAtNanos <= exact.writtenAtNanos + Self.leadNanosMax
                && writtenAtNanos + Self.ageNanosError >= exact.writtenAtNanos
            exact.writtenAtNanos = writtenAtNanos
            return isMoment && self == exact
        }
    }

    private(set) var items: [[UInt8]: Item] = [:]
    private var usedAtNanos: [[UInt8]: UInt64] = [:]

    /// The item, unless its time is over.
    func live(_ key: [UInt8], nowNanos: UInt64) -> Item? {
        guard let item = items[key] else { return nil }
        if let expiry = item.expiresAtNanos, nowNanos >= expiry { return nil }
        if let idle = item.idleNanosMax, nowNanos - usedAtNanos[key, default: 0] >= idle {
            return nil
        }
        return item
    }

    /// Notes a read that counts, or a write.
    mutating func noteUse(_ key: [UInt8], nowNanos: UInt64) { usedAtNanos[key] = nowNanos }

    mutating func forget(_ key: [UInt8]) { items[key] = nil }
    mutating func forgetAll() { items = [:] }
    mutating func store(_ key: [UInt8], _ item: Item) { items[key] = item }

    /// Whether a write of these options may go ahead over `present`.
    static func allows(_ options: WriteOptions, over present: Item?) -> Bool {
        if options.mode != .replace && present == nil { return false }
        switch options.condition {
        case .always: return true
        case .ifAbsent: return present == nil
        case .ifPresent: return present != nil
        case .ifVersion(let version): return present?.version == version
        case .ifNewer: return (present?.version ?? 0) < options.version ?? .max
        }
    }

    /// What a write of these options leaves, but for the version.
    static func written(
        _ value: [UInt8], _ options: WriteOptions, over present: Item?, nowNanos: UInt64
    ) -> Item {
        var item = Item(
            value: value, version: 0, flags: options.flags,
            expiresAtNanos: expiry(options.timeToLive, over: present, nowNanos: nowNanos),
            idleNanosMax: options.idleNanosMax,
            writtenAtNanos: nowNanos)
        guard options.mode != .replace, let present else { return item }
        item.value = options.mode == .append ? present.value + value : value + present.value
        item.flags = present.flags
        item.expiresAtNanos = present.expiresAtNanos
        item.idleNanosMax = present.idleNanosMax
        return item
    }

    static func expiry(_ timeToLive: TimeToLive, over present: Item?, nowNanos: UInt64) -> UInt64? {
        switch timeToLive {
        case .keep: return present?.expiresAtNanos
        case .never: return nil
        case .nanos(let nanos):
            let (sum, overflow) = nowNanos.addingReportingOverflow(nanos)
            return overflow || sum == .max ? nil : sum
        }
    }
}

extension NaiveCache.Item {
    init(_ entry: borrowing EntryReference) {
        self.init(
            value: entry.value.array, version: entry.version, flags: entry.flags,
            expiresAtNanos: entry.expiresAtNanos, idleNanosMax: entry.idleNanosMax,
            writtenAtNanos: entry.writtenAtNanos)
    }
}
