// Making room: who has to go for whom.
extension Policy {
    /// What came of an attempt to make room.
    enum Room: Sendable {
        case place(Place)
        /// The newcomer is worth less than what it would displace.
        case refused
        /// The steps are used up before the room was made; the attempt can be repeated.
        case unfinished
    }

    /// The outcome of a contest for room in the main region.
    private enum Contest {
        case won, lost, unfinished
    }

    /// What making room works with.
    struct Means: Sendable {
        var nowNanos: UInt64
        /// Entries that may be moved or looked at before the lock has to be let go.
        var steps: Int
    }

    /// Makes room for `newcomer`, which is in no list yet, counting as free what `present`, the
    /// older item under its key, takes. `present` itself is never evicted for it.
    mutating func makeRoom(
        for newcomer: EntryBlock, replacing present: EntryBlock?, _ admission: Admission,
        _ means: inout Means, _ shards: borrowing ShardArray, _ departed: inout DepartedEntries
    ) -> Room {
        let charge = self.charge(of: newcomer)
        let isPresentInMain = present.map { $0.listIndex != Window.listIndex } ?? false
        let suitsWindow =
            charge <= budget.windowBytesMax && budget.windowEntriesMax > 0 && !isPresentInMain

        switch admission {
        case .freeSpaceOnly:
            if hasMainRoom(charge, replacing: present) {
                return .place(.main(value: value(of: newcomer, shards)))
            }
            if suitsWindow && hasWindowRoom(charge, replacing: present) { return .place(.window) }
            return .refused
        case .policy where suitsWindow:
            return makeWindowRoom(charge, replacing: present, &means, shards, &departed)
        case .policy, .force:
            let value = value(of: newcomer, isNewcomer: true, shards)
            let contest = contend(
                charge, value: value, mayLose: admission == .policy && present == nil,
                replacing: present, &means, shards, &departed)
            switch contest {
            case .won: return .place(.main(value: value))
            case .lost: return .refused
            case .unfinished: return .unfinished
            }
        }
    }

    /// Evicts until a budget that became smaller holds. `false`: the steps are used up.
    mutating func shrink(
        _ means: inout Means, _ shards: borrowing ShardArray, _ departed: inout DepartedEntries
    ) -> Bool {
        // The main region first, so that what leaves the window meets the new bound.
        let contest = contend(
            0, value: .infinity, mayLose: false, replacing: nil, &means, shards, &departed)
        if case .unfinished = contest { return false }
        while window.bytes > budget.windowBytesMax || window.count > budget.windowEntriesMax {
            guard retireOldest(&means, shards, &departed) else { return false }
        }
        return true
    }

    // MARK: the window

    @inline(__always)
    private func hasWindowRoom(_ charge: UInt64, replacing present: EntryBlock?) -> Bool {
        let isPresentHere = present?.listIndex == Window.listIndex
        let freed = isPresentHere ? present.map { self.charge(of: $0) } ?? 0 : 0
        return window.bytes - freed + charge <= budget.windowBytesMax
            && window.count + (isPresentHere ? 0 : 1) <= budget.windowEntriesMax
    }

    private mutating func makeWindowRoom(
        _ charge: UInt64, replacing present: EntryBlock?, _ means: inout Means,
        _ shards: borrowing ShardArray, _ departed: inout DepartedEntries
    ) -> Room {
        while !hasWindowRoom(charge, replacing: present) {
            if let present, window.oldest == present {
                moveToWindowEnd(present)
            } else if !retireOldest(&means, shards, &departed) {
                return .unfinished
            }
        }
        return .place(.window)
    }

    /// Makes room in the window for a newcomer that is in its table; `false`: the steps are used
    /// up.
    mutating func makeWindowRoom(
        _ charge: UInt64, _ means: inout Means, _ shards: borrowing ShardArray,
        _ departed: inout DepartedEntries
    ) -> Bool {
        while !hasWindowRoom(charge, replacing: nil) {
            guard retireOldest(&means, shards, &departed) else { return false }
        }
        return true
    }

    /// The window's oldest entry moves into the main region or leaves the cache. `false`: the
    /// steps are used up.
    private mutating func retireOldest(
        _ means: inout Means, _ shards: borrowing ShardArray, _ departed: inout DepartedEntries
    ) -> Bool {
        guard let candidate = window.oldest else {
            preconditionFailure("a window over its bound holds an entry")
        }
        guard means.steps > 0 else { return false }
        means.steps -= 1
        if candidate.isExpired(nowNanos: means.nowNanos) {
            discard(candidate, .expired, shards, &departed)
            return true
        }
        let value = value(of: candidate, isNewcomer: true, shards)
        let contest = contend(
            charge(of: candidate), value: value, mayLose: true, replacing: nil, &means, shards,
            &departed)
        switch contest {
        case .won:
            candidate.isTouched = false
            promote(candidate, value: value)
        case .lost: discard(candidate, .evicted, shards, &departed)
        case .unfinished: return false
        }
        return true
    }

    // MARK: the main region

    @inline(__always)
    private func hasMainRoom(_ charge: UInt64, replacing present: EntryBlock?) -> Bool {
        let isPresentHere = present.map { $0.listIndex != Window.listIndex } ?? false
        let freed = isPresentHere ? present.map { self.charge(of: $0) } ?? 0 : 0
        return main.bytes - freed + charge <= budget.mainBytesMax
            && main.count + (isPresentHere || charge == 0 ? 0 : 1) <= budget.mainEntriesMax
    }

    /// Evicts victims until a candidate of so many bytes and such a value fits, or until a victim
    /// is met that stands higher than the candidate would.
    private mutating func contend(
        _ charge: UInt64, value candidateValue: Double, mayLose: Bool,
        replacing present: EntryBlock?, _ means: inout Means, _ shards: borrowing ShardArray,
        _ departed: inout DepartedEntries
    ) -> Contest {
        while !hasMainRoom(charge, replacing: present) {
            guard means.steps > 0 else { return .unfinished }
            means.steps -= 1
            guard let victim = main.victim else {
                // Only in a shape of limits that leaves the main region no entry at all.
                return .lost
            }
            if victim.isExpired(nowNanos: means.nowNanos) && victim != present {
                discard(victim, .expired, shards, &departed)
                continue
            }
            if victim.isTouched || victim == present {
                // It was read since it was filed: it starts again from the floor of today.
                victim.isTouched = false
                raiseFloor(to: main.standing(of: victim))
                refile(victim, value: value(of: victim, shards))
                continue
            }
            if mayLose {
                switch choice.mode {
                case .natural, .recency, .size, .steep, .gentle:
                    if main.standing(of: victim) > main.floor + candidateValue { return .lost }
                case .strict:
                    let victimValue = self.value(of: victim, shards)
                    if AdmissionMode.isKept(
                        victimValue: victimValue, candidateValue: candidateValue)
                    {
                        raiseFloor(to: main.standing(of: victim))
                        refile(victim, value: victimValue)
                        return .lost
                    }
                }
            }
            raiseFloor(to: main.standing(of: victim))
            discard(victim, .evicted, shards, &departed)
        }
        return .won
    }
}
