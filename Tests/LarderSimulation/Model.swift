import LarderProtocol

/// What a key may hold.
struct ModelItem: Hashable {
    var value: [UInt8]
    /// Nil: given by the server, and not told to anybody yet.
    var version: UInt64?
    /// What an untold version is over.
    var versionAbove: UInt64 = 0
    var flags: UInt32
    var expiresAtNanos: UInt64?
    var writtenAtNanos: UInt64

    func isOver(nowNanos: UInt64) -> Bool { expiresAtNanos.map { $0 <= nowNanos } ?? false }

    func isOlder(thanMillis limit: UInt32, nowNanos: UInt64) -> Bool {
        limit > 0 && nowNanos > writtenAtNanos
            && nowNanos - writtenAtNanos > UInt64(limit) * nanosPerMilli
    }

    /// Whether it can have this version.
    func mayHave(version asked: UInt64) -> Bool {
        version.map { $0 == asked } ?? (asked > versionAbove)
    }

    /// Whether it can have another one than this.
    func mayLack(version asked: UInt64) -> Bool { version != asked }
}

/// The naive twin of a cache: what each key may hold, as far as the answers told.
///
/// Nearly always that is one thing, or that and nothing: an item may be evicted at any time, unless
/// there is room for all. Calls whose answers did not arrive may or may not have been done.
struct Model {
    /// Of what one key may hold; with more the key is not followed until it is known again.
    private static let statesMax = 64

    let mayEvict: Bool
    private var states: [[UInt8]: [ModelItem?]] = [:]
    private var latestVersions: [[UInt8]: UInt64] = [:]
    private var watchers: [ObjectIdentifier: ExportWatch] = [:]
    private(set) var lostTrackCount = 0

    init(mayEvict: Bool) { self.mayEvict = mayEvict }

    /// What the key may hold now; nil: nobody knows.
    mutating func states(_ key: [UInt8], nowNanos: UInt64) -> [ModelItem?]? {
        guard let known = states[key] else { return [nil] }
        if known.isEmpty { return nil }
        var now: [ModelItem?] = []
        for item in known {
            let item = item.flatMap { $0.isOver(nowNanos: nowNanos) ? nil : $0 }
            if !now.contains(item) { now.append(item) }
        }
        if mayEvict, !now.contains(nil) { now.append(nil) }
        return now
    }

    /// Notes what the key may hold after an operation.
    mutating func note(_ key: [UInt8], _ items: [ModelItem?]) {
        var distinct: [ModelItem?] = []
        for item in items where !distinct.contains(item) { distinct.append(item) }
        if distinct.count > Self.statesMax {
            lostTrackCount += 1
            distinct = []
        }
        if states[key] != distinct {
            for watcher in watchers.values { watcher.changed(key, distinct) }
        }
        states[key] = distinct
    }

    /// The newest version of the key that the server has given and told; 0: none yet.
    func latestVersion(_ key: [UInt8]) -> UInt64 { latestVersions[key] ?? 0 }

    /// Notes a version that the server has given to a write of the key.
    mutating func noteGiven(_ version: UInt64, _ key: [UInt8], _ what: String) throws {
        let latest = latestVersion(key)
        guard version > latest else {
            throw Violation("\(what): version \(version) after \(latest)")
        }
        latestVersions[key] = version
    }

    // MARK: Exports

    mutating func watch(_ call: SimulatedCall, nowNanos: UInt64) {
        var now: [[UInt8]: [ModelItem?]] = [:]
        for key in states.keys { now[key] = states(key, nowNanos: nowNanos) ?? [] }
        watchers[ObjectIdentifier(call)] = ExportWatch(now)
    }

    mutating func endWatch(_ call: SimulatedCall) -> ExportWatch? {
        watchers.removeValue(forKey: ObjectIdentifier(call))
    }
}

/// What keys have held while an export ran.
final class ExportWatch {
    private(set) var seen: [[UInt8]: [ModelItem]] = [:]
    /// Keys that nobody could follow all the time.
    private(set) var unknown: Set<[UInt8]> = []
    /// What was there at the beginning and has not been touched since.
    private(set) var untouched: [[UInt8]: ModelItem] = [:]

    init(_ states: [[UInt8]: [ModelItem?]]) {
        for (key, items) in states {
            add(key, items)
            if items.count == 1, let item = items[0] { untouched[key] = item }
        }
    }

    func changed(_ key: [UInt8], _ items: [ModelItem?]) {
        untouched[key] = nil
        add(key, items)
    }

    private func add(_ key: [UInt8], _ items: [ModelItem?]) {
        if items.isEmpty { unknown.insert(key) }
        for case .some(let item) in items { seen[key, default: []].append(item) }
    }
}

let nanosPerMilli: UInt64 = 1_000_000
