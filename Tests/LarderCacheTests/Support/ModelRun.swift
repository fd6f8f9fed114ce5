import LarderCache
import Testing

/// One seeded run that drives a cache and its naive twin side by side.
struct ModelRun {
    private let cache: Cache
    private var twin = NaiveCache()
    private var generator: SeededGenerator
    private var nowNanos: UInt64 = 1
    private var latestVersion: UInt64 = 0
    /// The last version that the cache gave to each key.
    private var versions: [[UInt8]: UInt64] = [:]
    /// Items that are held for a while, as they were when the hold began.
    private var held: [(holder: EntryHolder, item: NaiveCache.Item)] = []
    private let keyCount: Int
    private let valueBytesMax: Int
    private let budgetBytes: Int
    private let isLarge: Bool
    private let seed: UInt64

    private static let second: UInt64 = 1_000_000_000

    /// A cache in which newcomers wait for the policy is a large one.
    init(seed: UInt64, isLarge: Bool = false) {
        self.seed = seed
        self.isLarge = isLarge
        generator = SeededGenerator(seed: seed)
        budgetBytes = isLarge ? 900_000 : 4096 << generator.below(5)
        keyCount = (isLarge ? 1024 : 32) << generator.below(isLarge ? 3 : 5)
        valueBytesMax =
            isLarge
            ? 32_768 << generator.below(2) : max(16, budgetBytes / (4 << generator.below(6)))
        cache = Cache.small(
            budgetBytes: UInt64(budgetBytes), seed: seed,
            entriesMax: generator.oneIn(3) ? Self.someEntriesMax(isLarge, &generator) : nil,
            shardCount: 1 << generator.below(4))
        setSomeMode()
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            step()
            cache.checkInvariants()
        }
    }

    var statistics: CacheStatistics { cache.statistics() }

    private mutating func step() {
        switch generator.below(100) {
        case 0..<45: read()
        case 45..<85: write()
        case 85..<91: delete()
        case 91..<95: passTime()
        case 95: changeLimits()
        case 96: scan()
        case 97: _ = cache.expire(nowNanos: nowNanos, limit: generator.below(40))
        case 98: setSomeMode()
        default:
            if generator.oneIn(20) {
                cache.flush()
                twin.forgetAll()
            }
        }
    }

    // MARK: steps

    /// One of the modes, or the traffic's choice.
    private mutating func setSomeMode() {
        let modes = AdmissionMode.allCases
        let number = generator.below(modes.count * 2)
        cache.setAdmissionMode(number < modes.count ? modes[number] : nil)
    }

    private mutating func someKey() -> [UInt8] {
        // Half of the time one of a few favourites.
        let number = generator.oneIn(2) ? generator.below(keyCount) : generator.below(4)
        return Array(keyBytes(number).suffix(8 + number % 9))
    }

    private mutating func someTimeToLive() -> TimeToLive {
        switch generator.below(8) {
        case 0: return .keep
        case 1: return .nanos(UInt64(generator.below(3)))
        case 2: return .nanos(.max - UInt64(generator.below(3)))
        case 3: return .nanos(Self.second * UInt64(1 + generator.below(100_000)))
        case 4: return .nanos(UInt64(generator.below(4_000_000_000)))
        default: return .never
        }
    }

    private mutating func read() {
        let key = someKey()
        var options = ReadOptions(peek: generator.oneIn(4))
        if generator.oneIn(8) { options.touch = someTimeToLive() }
        if generator.oneIn(8) { options.ageNanosMax = UInt64(generator.below(3)) * Self.second }
        look(key, options)
    }

    /// Reads from both and compares.
    private mutating func look(_ key: [UInt8], _ options: ReadOptions) {
        var expected = twin.live(key, nowNanos: nowNanos)
        let isTooOld = options.ageNanosMax.map { limit in
            expected.map {
                let age = nowNanos - min($0.writtenAtNanos, nowNanos)
                return age > limit + NaiveCache.Item.ageNanosError
            } ?? false
        }
        guard let entry = cache.get(key.span, options, nowNanos: nowNanos) else {
            if isTooOld != true { twin.forget(key) }
            return
        }
        #expect(isTooOld != true, "seed \(seed): an item too old was served")
        if !options.peek { twin.noteUse(key, nowNanos: nowNanos) }
        if let touch = options.touch {
            let expiry = NaiveCache.expiry(touch, over: expected, nowNanos: nowNanos)
            expected?.expiresAtNanos = expiry
        }
        let item = NaiveCache.Item(entry)
        #expect(item.agrees(with: expected), "seed \(seed): a stale or foreign item was served")
        let isKeyRight = entry.key.array == key
        #expect(isKeyRight)
        twin.store(key, item)
        if generator.oneIn(8) { hold(EntryHolder(entry), item) }
    }

    private mutating func hold(_ holder: EntryHolder, _ item: NaiveCache.Item) {
        held.append((holder, item))
        if held.count > 4 {
            var (holder, item) = held.remove(at: generator.below(held.count))
            // A touch moves the expiry of the item itself, held or not.
            item.expiresAtNanos = holder.expiresAtNanos
            #expect(NaiveCache.Item(holder.entry) == item, "seed \(seed): what is held stays")
        }
    }

    private mutating func write() {
        let key = someKey()
        // Half of the writes begin blind, the others know what is there.
        if generator.oneIn(2) { look(key, ReadOptions(peek: true)) }
        let present = twin.live(key, nowNanos: nowNanos)
        let options = someOptions(present)
        let value = someValue(over: present)
        let outcome = cache.set(key, value, options, nowNanos: nowNanos).told()
        switch outcome {
        case .stored(let version):
            stored(key, value, options, over: present, version)
        case .conditionFailed(0, let current):
            #expect(current == nil)
            #expect(!NaiveCache.allows(options, over: nil), "seed \(seed)")
            twin.forget(key)
        case .conditionFailed(let version, let current):
            #expect(version == present?.version, "seed \(seed): who is present")
            #expect(!NaiveCache.allows(options, over: present), "seed \(seed)")
            #expect(current == (options.returnCurrent ? present?.value : nil))
        case .notAdmitted:
            #expect(!cache.holds(key, nowNanos: nowNanos), "seed \(seed): absent if not admitted")
            #expect(options.admission != .force, "seed \(seed): forced items come in")
            twin.forget(key)
        case .rejected:
            // Nothing was touched; whether the old item is there shows at the next look.
            #expect(value.count + (present?.value.count ?? 0) > 1000, "seed \(seed)")
        }
    }

    private mutating func stored(
        _ key: [UInt8], _ value: [UInt8], _ options: WriteOptions, over present: NaiveCache.Item?,
        _ version: UInt64
    ) {
        let canBeOver = NaiveCache.allows(options, over: present)
        let canBeNew = NaiveCache.allows(options, over: nil)
        #expect(canBeOver || canBeNew, "seed \(seed): the condition held")
        if let own = options.version {
            #expect(version == own)
        } else {
            #expect(version > versions[key] ?? 0, "seed \(seed): versions of a key grow")
            if let present, canBeOver, version <= present.version {
                // Then the older item was evicted before.
                #expect(canBeNew, "seed \(seed)")
            }
            versions[key] = version
            latestVersion = max(latestVersion, version)
        }
        twin.noteUse(key, nowNanos: nowNanos)
        guard let entry = cache.get(key.span, ReadOptions(peek: true), nowNanos: nowNanos) else {
            let isOver = options.timeToLive == .nanos(0) || options.mode != .replace
            let isKept = options.timeToLive == .keep
            #expect(isOver || isKept, "seed \(seed): what was stored is there")
            twin.forget(key)
            return
        }
        let item = NaiveCache.Item(entry)
        var candidates: [NaiveCache.Item] = []
        for (isPossible, base) in [(canBeOver, present), (canBeNew, nil)] where isPossible {
            var candidate = NaiveCache.written(value, options, over: base, nowNanos: nowNanos)
            candidate.version = version
            candidates.append(candidate)
        }
        let isWritten = candidates.contains { item.agrees(with: $0) }
        #expect(isWritten, "seed \(seed): what was stored is what was written")
        twin.store(key, item)
    }

    private mutating func someOptions(_ present: NaiveCache.Item?) -> WriteOptions {
        var options = WriteOptions(
            timeToLive: someTimeToLive(), flags: UInt32(truncatingIfNeeded: generator.next()),
            returnCurrent: generator.oneIn(2))
        if generator.oneIn(4) {
            options.idleNanosMax = 1 + generator.next() >> UInt64(20 + generator.below(40))
        }
        switch generator.below(12) {
        case 0: options.condition = .ifAbsent
        case 1: options.condition = .ifPresent
        case 2: options.condition = .ifVersion(present?.version ?? 7)
        case 3: options.condition = .ifVersion(latestVersion)
        case 4: options.condition = .ifNewer
        default: break
        }
        if generator.oneIn(6) {
            // Any that may have been, or one near the last.
            let least = generator.oneIn(2) ? 0 : latestVersion - min(latestVersion, 20)
            options.version = max(
                least + UInt64(generator.below(Int(latestVersion - least) + 40)), 1)
        }
        switch generator.below(10) {
        case 0: options.mode = .append
        case 1: options.mode = .prepend
        default: break
        }
        switch generator.below(8) {
        case 0: options.admission = .freeSpaceOnly
        case 1: options.admission = .force
        default: break
        }
        return options
    }

    private mutating func someValue(over present: NaiveCache.Item?) -> [UInt8] {
        let most = generator.oneIn(10) ? valueBytesMax * 4 : valueBytesMax
        var count = generator.oneIn(3) ? generator.below(most) : generator.below(32)
        // As long as the present one: it may be overwritten where it lies.
        if let present, generator.oneIn(2) { count = present.value.count }
        let fill = UInt8(truncatingIfNeeded: generator.next())
        return (0..<count).map { fill &+ UInt8(truncatingIfNeeded: $0) }
    }

    private mutating func delete() {
        let key = someKey()
        let present = twin.live(key, nowNanos: nowNanos)
        let ifVersion = generator.oneIn(3) ? present?.version ?? 5 : nil
        switch cache.delete(key, ifVersion: ifVersion, nowNanos: nowNanos) {
        case .deleted: #expect(present != nil, "seed \(seed): only what is there is deleted")
        case .miss: break
        case .conditionFailed(let version):
            #expect(version == present?.version && version != ifVersion, "seed \(seed)")
            return
        }
        twin.forget(key)
    }

    private mutating func passTime() {
        switch generator.below(6) {
        case 0: nowNanos += Self.second * UInt64(generator.below(200_000))
        case 1: nowNanos += Self.second
        default: nowNanos += UInt64(generator.below(500_000_000))
        }
    }

    private mutating func changeLimits() {
        if generator.oneIn(3) {
            let limit = generator.oneIn(2) ? nil : Self.someEntriesMax(isLarge, &generator)
            cache.setEntriesMax(limit)
        } else {
            let isSmaller = !isLarge || generator.oneIn(8)
            let budget = isSmaller ? 2048 + generator.below(budgetBytes) : budgetBytes
            cache.setBudget(UInt64(budget))
        }
    }

    private static func someEntriesMax(
        _ isLarge: Bool, _ generator: inout SeededGenerator
    ) -> UInt64 {
        UInt64(1 + generator.below(isLarge ? 10_000 : 175))
    }

    private mutating func scan() {
        var batch = ScanBatch()
        var next: ScanCursor? = .start
        var found: Set<[UInt8]> = []
        let entriesMax = 1 + generator.below(20)
        while let cursor = next {
            next = cache.scan(
                from: cursor, into: &batch, entriesMax: entriesMax,
                bytesMax: UInt64(generator.below(4096)), nowNanos: nowNanos)
            for index in 0..<batch.count {
                let entry = batch.reference(at: index)
                let key = entry.key.array
                let item = NaiveCache.Item(entry)
                let expected = twin.live(key, nowNanos: nowNanos)
                #expect(item.agrees(with: expected), "seed \(seed): scanned")
                found.insert(key)
            }
            batch.clear()
        }
        for (key, _) in twin.items {
            let isThere = cache.holds(key, nowNanos: nowNanos)
            #expect(isThere == found.contains(key), "seed \(seed): a scan sees what is there")
        }
    }
}
