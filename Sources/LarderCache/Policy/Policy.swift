/// What stays and what goes, for the whole cache: one budget, one window, one main region.
///
/// A window-TinyLFU whose main region is ordered by value per byte. Newcomers wait in the window;
/// the oldest of it meets the main region's victim, and the one worth less leaves. A read only
/// marks the entry; the mark is honoured when the entry comes up as the victim. All of it sits
/// behind one lock, which is taken before a shard's lock and never after.
/// Sources: Einziger, Friedman, Manes: TinyLFU; Ghandeharizadeh et al.: CAMP.
struct Policy: ~Copyable, Sendable {
    private(set) var budget: Budget
    private(set) var window = Window()
    private(set) var main = MainRegion()
    private(set) var timers = TimerWheel()
    private(set) var tally = Tally()
    private var scale = ValueScale()
    private var scaledMode = AdmissionMode.natural
    private(set) var choice: ModeChoice
    private var pace = LearningPace()
    /// Newcomers that are being taken over.
    private(set) var newcomers: NewcomerBatch
    var candidates = KnownHashes()
    var victims = KnownHashes()
    /// Whether a segment of the arena is drained, so that lanes keep no cells.
    var isDraining = false
    let charging: Charging
    private let missCost: MissCost

    init(
        _ configuration: Cache.Configuration, budget: Budget, arena: borrowing EntryArena
    ) {
        self.budget = budget
        newcomers = NewcomerBatch(arena)
        charging = configuration.charging
        missCost = configuration.missCost
        choice = ModeChoice(budget: budget, seed: configuration.seed)
    }

    deinit {
        window.list.forEach { $0.release() }
        main.forEach { $0.release() }
    }

    var usedBytes: UInt64 { window.bytes + main.bytes }
    var entryCount: UInt64 { window.count + main.count }

    /// What an entry counts against the budget.
    @inline(__always)
    func charge(of block: EntryBlock) -> UInt64 { charging.bytes(of: block) }

    /// The hash of an entry's key.
    @inline(__always)
    private func hash(of block: EntryBlock) -> UInt64 {
        let link = block.link
        return candidates.hash(of: link) ?? victims.hash(of: link) ?? block.hash
    }

    private mutating func forgetHash(of block: EntryBlock) {
        let link = block.link
        candidates.forget(link)
        victims.forget(link)
    }

    // MARK: newcomers

    /// Takes what waits in a lane, after all that came before is settled.
    mutating func takeNewcomers(_ lanes: borrowing LaneArray, _ lane: Int) {
        lanes.withLane(at: lane) { $0.take(into: &newcomers) }
    }

    mutating func removeNewcomer() { newcomers.removeNext() }

    // MARK: one entry in or out

    /// Puts an entry that is in no list where it was admitted, and into the wheel.
    mutating func link(_ block: EntryBlock, _ place: Place) {
        switch place {
        case .window: window.append(block, bytes: charge(of: block))
        case .main(let value): main.append(block, bytes: charge(of: block), value: value)
        }
        block.isListed = true
        timers.schedule(block)
        tally.keyBytes += UInt64(block.keyBytes)
        tally.valueBytes += UInt64(block.valueBytes)
    }

    /// Takes an entry out of its list and the wheel.
    mutating func unlink(_ block: EntryBlock) {
        let charge = charge(of: block)
        if block.listIndex == Window.listIndex {
            window.remove(block, bytes: charge)
        } else {
            main.remove(block, bytes: charge)
        }
        block.isListed = false
        forgetHash(of: block)
        timers.cancel(block)
        tally.keyBytes -= UInt64(block.keyBytes)
        tally.valueBytes -= UInt64(block.valueBytes)
    }

    /// Takes an entry out of list, wheel and table; its memory goes with `departed`.
    mutating func discard(
        _ block: EntryBlock, _ reason: Departure, _ shards: borrowing ShardArray,
        _ departed: inout DepartedEntries
    ) {
        let hash = hash(of: block)
        unlink(block)
        shards.withShard(of: hash) { $0.remove(block, hash: hash) }
        switch reason {
        case .deleted:
            tally.deleted += 1
            choice.noteDelete(hash)
        case .expired: tally.expired += 1
        case .flushed: tally.flushed += 1
        case .evicted:
            tally.evicted += 1
            tally.evictedBytes += charge(of: block)
        }
        departed.append(block)
    }

    /// Gives an entry another moment of expiry.
    mutating func reschedule(_ block: EntryBlock, expiresAtNanos: UInt64) {
        timers.cancel(block)
        block.expiresAtNanos = expiresAtNanos
        timers.schedule(block)
        choice.noteExpiry(block.hash, expiresAtNanos: expiresAtNanos)
    }

    /// Puts `newer`, the same entry in another block, into list and wheel where `older` is.
    mutating func exchange(_ older: EntryBlock, for newer: EntryBlock) {
        let (was, isNow) = (charge(of: older), charge(of: newer))
        if older.listIndex == Window.listIndex {
            window.exchange(older, bytes: was, for: newer, bytes: isNow)
        } else {
            main.exchange(older, bytes: was, for: newer, bytes: isNow)
        }
        timers.exchange(older, for: newer)
        newer.isListed = true
        older.isListed = false
        forgetHash(of: older)
    }

    /// Takes the budget as it shall be; the caller then makes it true with `shrink`.
    mutating func setBudget(_ budget: Budget) {
        self.budget = budget
        choice.setBudget(budget)
    }

    // MARK: the mode

    /// Sets the admission mode by hand; `nil`: the traffic decides.
    mutating func pinMode(_ mode: AdmissionMode?) { choice.pin(mode) }

    /// Looks at the reads that were noted since it last did.
    mutating func learn(from notes: borrowing ReadNotes, nowNanos: UInt64) {
        let costPerByte = costPerByte
        notes.takeAll {
            choice.noteRead($0, costPerByte: costPerByte, nowNanos: nowNanos)
            pace.noteRequest()
        }
        notes.setSample(
            mask: choice.sampleMask, turns: pace.turns, heavyBytesMin: choice.heavyBytesMin)
    }

    /// Looks at a write that is done. `isNew`: there was no item under its key.
    mutating func noteWritten(
        _ hash: UInt64, bytes: UInt64, isNew: Bool, expiresAtNanos: UInt64, nowNanos: UInt64
    ) {
        guard choice.isSampled(hash) || bytes >= choice.heavyBytesMin else { return }
        if isNew { pace.noteNewcomer() } else { pace.noteRequest() }
        choice.noteWrite(
            hash, bytes: bytes, isNew: isNew, costPerByte: costPerByte, nowNanos: nowNanos,
            expiresAtNanos: expiresAtNanos)
    }

    /// Takes out what the wheel finds due, at most `steps` entries moved.
    mutating func expire(
        nowNanos: UInt64, steps: inout Int, _ shards: borrowing ShardArray,
        _ departed: inout DepartedEntries
    ) -> Int {
        var expired = 0
        while let block = timers.nextDue(nowNanos: nowNanos, steps: &steps) {
            discard(block, .expired, shards, &departed)
            expired += 1
        }
        return expired
    }

    /// Takes out up to `limit` entries, whatever they are; tells whether none is left.
    // The shadow caches keep theirs: they compare the modes, all of them go on from the same
    // state, and an empty one would tell nothing until it is full again.
    mutating func flush(
        limit: Int, _ shards: borrowing ShardArray, _ departed: inout DepartedEntries
    ) -> Bool {
        var left = limit
        while let block = window.oldest ?? main.victim {
            guard left > 0 else { return false }
            left -= 1
            discard(block, .flushed, shards, &departed)
        }
        return true
    }

    mutating func noteStored() { tally.sets += 1 }

    mutating func noteNotAdmitted(_ block: EntryBlock) {
        tally.notAdmitted += 1
        tally.notAdmittedBytes += charge(of: block)
    }

    // MARK: value

    /// What a byte costs now, where a miss costs 1 and its bytes.
    private var costPerByte: Double {
        @inline(__always)
        get {
            let heldBytes = Double(usedBytes + 1) / Double(entryCount + 1)
            return missCost.perByte(meanItemBytes: choice.found.mean(heldBytes: heldBytes))
        }
    }

    /// What the entry is worth per byte now.
    mutating func value(
        of block: EntryBlock, isNewcomer: Bool = false, _ shards: borrowing ShardArray
    ) -> Double {
        let hash = hash(of: block)
        var estimate = shards.withShard(of: hash) { $0.sketch.estimate(hash) }
        if scaledMode != choice.mode {
            scaledMode = choice.mode
            scale = choice.scale
        }
        if isNewcomer { estimate = scaledMode.newcomerEstimate(estimate) }
        let density = 1 / Double(max(charge(of: block), 1)) + costPerByte
        return scale.value(scaledMode, estimate: estimate, density: density)
    }

    /// Puts a main entry behind its class, worth what it is worth now.
    mutating func refile(_ block: EntryBlock, value: Double) {
        main.refile(block, bytes: charge(of: block), value: value)
    }

    /// Puts a window entry behind the others.
    mutating func moveToWindowEnd(_ block: EntryBlock) {
        window.remove(block, bytes: charge(of: block))
        window.append(block, bytes: charge(of: block))
    }

    /// Moves the window's entry into the main region, which has room for it.
    mutating func promote(_ block: EntryBlock, value: Double) {
        window.remove(block, bytes: charge(of: block))
        main.append(block, bytes: charge(of: block), value: value)
    }

    mutating func raiseFloor(to standing: Double) { main.raiseFloor(to: standing) }

    // MARK: checking

    /// Traps unless sums, lists, wheel and tables tell the same story.
    func checkInvariants(_ shards: borrowing ShardArray, _ lanes: borrowing LaneArray) {
        var sums = Tally()
        var windowBytes: UInt64 = 0
        var mainBytes: UInt64 = 0
        var count: UInt64 = 0
        var timed: UInt64 = 0
        func check(_ block: EntryBlock) {
            count += 1
            sums.keyBytes += UInt64(block.keyBytes)
            sums.valueBytes += UInt64(block.valueBytes)
            precondition(block.referenceCount >= 1, "the cache holds what it lists")
            precondition(block.isListed, "what is listed says so")
            precondition(block.version != 0, "0 is no version")
            let isTimed = block.timerSlot != EntryBlock.noTimer
            precondition(
                isTimed || block.dueNanos == EntryBlock.neverExpires,
                "what expires is in the wheel")
            if isTimed { timed += 1 }
            let hash = block.hash
            let isInTable = shards.withShard(of: hash) { $0.table.contains(block, hash: hash) }
            precondition(isInTable, "what is listed is in its table")
        }
        window.list.forEach {
            precondition($0.listIndex == Window.listIndex, "an entry knows its list")
            windowBytes += charge(of: $0)
            check($0)
        }
        main.forEach {
            mainBytes += charge(of: $0)
            check($0)
        }
        var tableCount: UInt64 = 0
        for index in 0..<shards.count {
            tableCount += shards.withShard(at: index) { shard in
                shard.checkInvariants()
                return UInt64(shard.table.count)
            }
        }
        var waiting = UInt64(newcomers.count)
        lanes.forEach { lane in
            waiting += UInt64(lane.count)
            lane.checkInvariants { block, hash in
                shards.withShard(of: hash) { $0.table.contains(block, hash: hash) }
            }
        }
        timers.checkInvariants()
        choice.checkInvariants()
        precondition(
            tableCount == count + waiting, "tables hold as many entries as lists and lanes")
        precondition(timers.count == timed, "the wheel holds no one else")
        precondition(window.bytes == windowBytes, "every byte of the window lies in its list")
        precondition(main.bytes == mainBytes, "every byte of the main region lies in its lists")
        precondition(entryCount == count, "every entry is counted")
        precondition(tally.keyBytes == sums.keyBytes && tally.valueBytes == sums.valueBytes)
        precondition(window.bytes <= budget.windowBytesMax, "the window keeps its bound")
        precondition(main.bytes <= budget.mainBytesMax, "the main region keeps its bound")
        precondition(usedBytes <= budget.bytes, "the budget holds between operations")
        precondition(window.count <= budget.windowEntriesMax, "the entry limit holds")
        precondition(main.count <= budget.mainEntriesMax, "the entry limit holds")
    }
}

/// Why an entry leaves.
enum Departure: Sendable {
    case deleted, expired, evicted, flushed
}

/// Where an entry is let in.
enum Place: Sendable {
    case window
    case main(value: Double)
}

/// What the policy counts.
struct Tally: Sendable {
    var keyBytes: UInt64 = 0
    var valueBytes: UInt64 = 0
    var sets: UInt64 = 0
    var deleted: UInt64 = 0
    var evicted: UInt64 = 0
    var evictedBytes: UInt64 = 0
    var expired: UInt64 = 0
    var flushed: UInt64 = 0
    var notAdmitted: UInt64 = 0
    var notAdmittedBytes: UInt64 = 0
}
