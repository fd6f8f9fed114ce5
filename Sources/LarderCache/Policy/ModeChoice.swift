/// Finds the admission mode that serves the traffic best: a shadow cache in each of them, fed with
/// a sample of the keys.
///
/// The sample is chosen by the hash, all requests of a key or none, and the shadow caches hold as
/// small a part of the budget as the sample is of the keys. The mode whose shadow saves the most
/// cost wins, if it wins clearly.
///
/// - Complexity: O(modes) a sampled request. With n entries held 1,000 to 2,000 of n are sampled.
struct ModeChoice: ~Copyable, Sendable {
    // Spatially hashed sampling: a small cache of sampled keys misses as a large one of all keys.
    // Source: Waldspurger et al.: Cache modeling and optimization using miniature simulations.
    // Where a few huge items are most of the bytes, a sample by hash misses them or has too many
    // of them, and takes a wrong mode for the right one. So all heavy items are sampled, and each
    // counts with the part of its bytes and of its cost that the sample is of the keys.

    /// Keys that a shadow cache may hold before the sample is halved.
    private static let sampledKeysMax = 2048
    /// Bits of `SampleBits` that choose the sample.
    private static let sampleShift: UInt64 = 48
    private static let sampleBitsMax = 16
    /// Sampled requests between two judgements.
    private static let requestsPerJudgement = 256
    /// What is left of the past at each judgement.
    private static let memory = 0.96
    /// By how much another mode has to be better.
    private static let margin = 1.002

    /// Items of one part in so many of the budget or more are in every sample: they are few.
    private static let heavyDivisor: UInt64 = 1024

    private(set) var mode = AdmissionMode.natural
    /// Whether the mode was set by hand.
    private var isPinned = false
    private var sample: ShadowSample
    private var shadows: [ShadowCache]
    private var savings: [Double]
    /// The sizes that the chosen mode's shadow finds.
    private(set) var found = FoundBytes()
    private var requests = 0
    private var sampleBits = 0
    private var budget: Budget

    init(budget: Budget, seed: HashSeed) {
        self.budget = budget
        sample = ShadowSample(seed: seed)
        shadows = AdmissionMode.allCases.map { ShadowCache(mode: $0, budget: budget) }
        savings = shadows.map { _ in 0 }
    }

    /// The keys whose `SampleBits` have none of these are the sample.
    var sampleMask: UInt64 { ((1 &<< UInt64(sampleBits)) &- 1) &<< Self.sampleShift }

    func isSampled(_ hash: UInt64) -> Bool { SampleBits.of(hash) & sampleMask == 0 }

    /// Items of so many bytes are looked at, whatever their hashes.
    var heavyBytesMin: UInt64 { max(budget.bytes / Self.heavyDivisor, 1) }

    /// The scale of the chosen mode's values.
    var scale: ValueScale {
        shadows.first { $0.mode == mode }?.scale ?? ValueScale()
    }

    /// Sets the mode by hand, or gives it free again.
    mutating func pin(_ mode: AdmissionMode?) {
        isPinned = mode != nil
        self.mode = mode ?? self.mode
    }

    mutating func setBudget(_ budget: Budget) {
        self.budget = budget
        apply()
    }

    /// A key was asked for that is of the sample, or was found to be heavy.
    mutating func noteRead(_ note: ReadNote, costPerByte: Double, nowNanos: UInt64) {
        sample.costPerByte = costPerByte
        sample.record(note.hash)
        if let number = number(of: note, nowNanos: nowNanos) { ask(for: number) }
        requests += 1
        if requests % Self.requestsPerJudgement == 0 { judge() }
    }

    /// The number of a key that was asked for, if its size is known.
    private mutating func number(of note: ReadNote, nowNanos: UInt64) -> Int32? {
        if let number = sample.keys.find(note.hash) {
            let expiry = sample.keys[number].expiresAtNanos
            guard nowNanos >= expiry && expiry != EntryBlock.neverExpires else { return number }
            forget(number)
        }
        guard note.bytes > 0, isWanted(note.hash, bytes: note.bytes) else { return nil }
        return add(note.hash, bytes: note.bytes, expiresAtNanos: note.expiresAtNanos)
    }

    /// Asks every shadow cache for a key. One that does not hold it takes it in, as if the asker
    /// wrote it now: a write comes only where the cache itself has missed, and the shadow caches
    /// would have to do without all that it holds.
    private mutating func ask(for number: Int32) {
        let key = sample.keys[number]
        let saved = sample.missCost(bytes: key.bytes) * key.share
        for index in shadows.indices where shadows[index].holds(number) {
            shadows[index].touch(number)
            savings[index] += saved
            if shadows[index].mode == mode { found.note(bytes: key.bytes, share: key.share) }
        }
        if key.holders < shadows.count {
            insert(number)
            fitSample()
        }
    }

    /// A key was written that is of the sample or heavy. `isNew`: the cache did not hold it, so
    /// that it was asked for in vain just now.
    mutating func noteWrite(
        _ hash: UInt64, bytes: UInt64, isNew: Bool, costPerByte: Double, nowNanos: UInt64,
        expiresAtNanos: UInt64
    ) {
        guard isWanted(hash, bytes: bytes) else {
            noteDelete(hash)
            return
        }
        // Nobody could tell that it is heavy when it was not found.
        if isNew && !isSampled(hash) {
            noteRead(ReadNote(hash: hash), costPerByte: costPerByte, nowNanos: nowNanos)
        }
        var number = sample.keys.find(hash)
        if let known = number, sample.keys[known].bytes != bytes {
            forget(known)
            number = nil
        }
        let written = number ?? add(hash, bytes: bytes, expiresAtNanos: expiresAtNanos)
        sample.keys[written].expiresAtNanos = expiresAtNanos
        insert(written)
        fitSample()
    }

    private func isWanted(_ hash: UInt64, bytes: UInt64) -> Bool {
        isSampled(hash) || bytes >= heavyBytesMin
    }

    /// How often an item's bytes and cost are halved to be what counts.
    private func halvings(bytes: UInt64) -> Int { bytes >= heavyBytesMin ? sampleBits : 0 }

    /// Gives a number to a key that no shadow cache holds yet.
    private mutating func add(_ hash: UInt64, bytes: UInt64, expiresAtNanos: UInt64) -> Int32 {
        sample.keys.add(
            ShadowKeys.Key(
                hash: hash, bytes: bytes, halvings: halvings(bytes: bytes),
                expiresAtNanos: expiresAtNanos))
    }

    /// Writes a key into every shadow cache that does not hold it.
    private mutating func insert(_ number: Int32) {
        // Held until all shadow caches have looked at it.
        sample.keys[number].holders += 1
        for index in shadows.indices where !shadows[index].holds(number) {
            shadows[index].insert(number, &sample)
        }
        sample.letGo(number)
    }

    /// Makes popularity fit the shadow caches, and the sample smaller when they hold too much.
    private mutating func fitSample() {
        var most = 0
        for index in shadows.indices { most = max(most, shadows[index].count) }
        sample.reserve(entries: most)
        if most > Self.sampledKeysMax && sampleBits < Self.sampleBitsMax {
            sampleBits += 1
            apply()
        }
    }

    /// A key shall live for longer, or shorter, than was written.
    mutating func noteExpiry(_ hash: UInt64, expiresAtNanos: UInt64) {
        guard let number = sample.keys.find(hash) else { return }
        sample.keys[number].expiresAtNanos = expiresAtNanos
    }

    /// A key was deleted.
    mutating func noteDelete(_ hash: UInt64) {
        if let number = sample.keys.find(hash) { forget(number) }
    }

    private mutating func forget(_ number: Int32) {
        sample.keys[number].holders += 1
        for index in shadows.indices where shadows[index].holds(number) {
            shadows[index].remove(number, &sample)
        }
        sample.letGo(number)
    }

    /// Makes the shadow caches fit budget and sample.
    private mutating func apply() {
        var reshared: [ShadowKeys.Key] = []
        for number in sample.keys.numbersInUse {
            let key = sample.keys[number]
            let isWanted = isWanted(key.hash, bytes: key.bytes)
            guard !isWanted || key.halvings != halvings(bytes: key.bytes) else { continue }
            if isWanted { reshared.append(key) }
            forget(number)
        }
        let share = budget.part(UInt64(1) &<< UInt64(sampleBits))
        for index in shadows.indices { shadows[index].setBudget(share, &sample) }
        for key in reshared {
            insert(add(key.hash, bytes: key.bytes, expiresAtNanos: key.expiresAtNanos))
        }
    }

    private mutating func judge() {
        guard let current = shadows.firstIndex(where: { $0.mode == mode }) else { return }
        var best = current
        for index in savings.indices {
            let hurdle = savings[best] * (best == current ? Self.margin : 1)
            if savings[index] > hurdle { best = index }
        }
        if !isPinned { mode = shadows[best].mode }
        for index in savings.indices { savings[index] *= Self.memory }
        found.fade()
    }

    // MARK: checking

    func checkInvariants() {
        for shadow in shadows { shadow.checkInvariants(sample) }
        for number in sample.keys.numbersInUse {
            let holders = shadows.count { $0.holds(number) }
            precondition(holders == sample.keys[number].holders, "holders are counted")
        }
    }
}
