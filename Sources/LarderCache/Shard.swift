/// A part of the keys: their table, their popularity and what was asked of them.
///
/// All that a read needs is here, under one lock.
struct Shard: ~Copyable, Sendable {
    // What a request writes comes first, the sketch's part included: on the cache line of the
    // lock, which then is the only one of the shard that goes from processor to processor.
    private(set) var hits: UInt64 = 0
    private(set) var misses: UInt64 = 0
    /// Values that were overwritten where they lie.
    private(set) var overwrites: UInt64 = 0
    /// All writes to a key take their versions here, so those of a key only grow.
    var versions: VersionCounter
    private(set) var sketch: FrequencySketch
    private(set) var table: EntryTable
    private var recent = RecentRequests()
    /// The requests of all kinds.
    var requests: UInt64 { hits &+ misses &+ overwrites }

    private let hint: TableHint

    init(
        seed: HashSeed, arena: borrowing EntryArena, firstVersion: UInt64, hint: TableHint
    ) {
        self.hint = hint
        table = EntryTable(arena)
        versions = VersionCounter(first: firstVersion)
        sketch = FrequencySketch(seed: seed.sketchKey)
        hint.update(places)
    }

    private var places: TablePlaces {
        TablePlaces(
            slots: table.address, homes: UInt(table.homes), recent: recent.address,
            recentShift: UInt(recent.shift), counters: sketch.address,
            blockCount: UInt(sketch.blockCount), blockMask: UInt(sketch.blockMask))
    }

    /// Traps unless the table is in order and the hint tells where everything lies.
    func checkInvariants() {
        table.checkInvariants()
        precondition(hint.places == places, "the hint is up to date")
    }

    /// What a look at a key found. The entry of a hit carries one more reference.
    enum Reading: Sendable {
        case hit(EntryBlock)
        case miss
        /// An entry is there whose time is over.
        case expired
    }

    /// Looks a key up for a reader.
    @inline(__always)
    mutating func read(
        _ key: Span<UInt8>, hash: UInt64, ageNanosMax: UInt64?, isPeek: Bool, nowNanos: UInt64
    ) -> Reading {
        if !isPeek && recent.isFirst(hash) { sketch.record(hash) }
        guard let block = table.find(key, hash: hash) else {
            if !isPeek { misses &+= 1 }
            return .miss
        }
        if block.isExpired(nowNanos: nowNanos) {
            if !isPeek { misses &+= 1 }
            return .expired
        }
        if let ageNanosMax, block.isOlder(than: ageNanosMax, nowNanos: nowNanos) {
            if !isPeek { misses &+= 1 }
            return .miss
        }
        if !isPeek {
            hits &+= 1
            block.isTouched = true
            block.noteUse(nowNanos: nowNanos)
        }
        block.retain()
        return .hit(block)
    }

    /// What stands where a value was overwritten.
    struct Overwritten: Sendable {
        var turn: UInt64
        var version: UInt64
        var chargeBytes: UInt64
        var expiresAtNanos: UInt64
    }

    /// Overwrites the value under a key where it lies; `nil` if that can not be done: nothing is
    /// there, someone holds it, the condition does not hold, or the new value needs another cell
    /// or an earlier timer. What expires unused is left to the policy.
    @inline(__always)
    mutating func overwrite(
        _ key: Span<UInt8>, hash: UInt64, _ value: Span<UInt8>, _ options: WriteOptions,
        nowNanos: UInt64
    ) -> Overwritten? {
        guard let block = table.find(key, hash: hash), block.referenceCount == 1,
            !block.isExpired(nowNanos: nowNanos), block.idleNanosMax == options.idleNanosMax,
            options.idleNanosMax == nil
        else { return nil }
        let present = block.version
        let expiry = options.timeToLive.expiresAtNanos(
            nowNanos: nowNanos, keptNanos: block.expiresAtNanos)
        guard options.allowWrite(over: present),
            block.suits(valueBytes: value.count, flags: options.flags, expiresAtNanos: expiry)
        else { return nil }
        let version =
            options.ownVersion ?? versions.next(after: present, nowNanos: nowNanos)
        guard block.hasRoom(version: version, nowNanos: nowNanos) else { return nil }
        block.overwrite(
            value: value, flags: options.flags, version: version, nowNanos: nowNanos,
            expiresAtNanos: expiry)
        overwrites &+= 1
        return Overwritten(
            turn: requests, version: version, chargeBytes: block.chargeBytes, expiresAtNanos: expiry
        )
    }

    /// Puts a new entry into the table and tells its version; `nil` if its key is there already
    /// or the entry has no room for the version.
    @inline(__always)
    mutating func admit(
        _ block: EntryBlock, _ key: Span<UInt8>, hash: UInt64, _ options: WriteOptions,
        nowNanos: UInt64
    ) -> UInt64? {
        guard table.find(key, hash: hash) == nil else { return nil }
        let version = options.ownVersion ?? versions.next(after: 0, nowNanos: nowNanos)
        guard block.hasRoom(version: version, nowNanos: nowNanos) else { return nil }
        block.noteWrite(version: version, nowNanos: nowNanos)
        insert(block, hash: hash)
        return version
    }

    // MARK: changing

    mutating func insert(_ block: EntryBlock, hash: UInt64) {
        table.insert(block, hash: hash)
        sketch.reserve(entries: table.count)
        recent.reserve(entries: table.count)
        hint.update(places)
    }

    mutating func remove(_ block: EntryBlock, hash: UInt64) {
        table.remove(block, hash: hash)
        sketch.reserve(entries: table.count)
        hint.update(places)
    }

    mutating func replace(_ older: EntryBlock, with newer: EntryBlock, hash: UInt64) {
        table.replace(older, with: newer, hash: hash)
    }
}
