/// What a cache in one admission mode would hold of the sampled keys: a window and a main region
/// without any values.
///
/// - Complexity: as the policy it imitates, O(1) a request; 16 bytes for each numbered key.
struct ShadowCache: Sendable {
    private static let none: Int32 = -1
    private static let windowList = MainRegion.classCount
    private static let absent: UInt8 = 0x7f

    /// What stands for a key in this cache.
    private struct Node: Sendable {
        // Two words: the number before shares one with the list, in the low bits, and the mark.
        private static let listMask: UInt32 = 0x7f
        private static let touchedMark: UInt32 = 0x80
        private static let previousShift: UInt32 = 8

        var standing = 0.0
        var next = none
        private var place = UInt32(absent)

        var previous: Int32 {
            get { Int32(bitPattern: place &>> Self.previousShift) - 1 }
            set {
                place =
                    UInt32(bitPattern: newValue + 1) &<< Self.previousShift
                    | place & (Self.listMask | Self.touchedMark)
            }
        }

        var list: UInt8 {
            get { UInt8(truncatingIfNeeded: place & Self.listMask) }
            set { place = place & ~Self.listMask | UInt32(newValue) }
        }

        var isTouched: Bool {
            get { place & Self.touchedMark != 0 }
            set { place = place & ~Self.touchedMark | (newValue ? Self.touchedMark : 0) }
        }
    }

    let mode: AdmissionMode
    private var budget: Budget
    private var nodes: [Node] = []
    private var heads = [Int32](repeating: none, count: windowList + 1)
    private var tails = [Int32](repeating: none, count: windowList + 1)
    private var occupied: UInt64 = 0
    private var floor = 0.0
    /// The scale of this mode's values.
    private(set) var scale = ValueScale()
    private var windowBytes: UInt64 = 0
    private var mainBytes: UInt64 = 0
    private var windowCount: UInt64 = 0
    private var mainCount: UInt64 = 0

    init(mode: AdmissionMode, budget: Budget) {
        self.mode = mode
        self.budget = budget
    }

    var count: Int { Int(windowCount + mainCount) }

    func holds(_ number: Int32) -> Bool {
        number < nodes.count && nodes[Int(number)].list != Self.absent
    }

    /// A hit of a key that is held.
    mutating func touch(_ number: Int32) {
        nodes[Int(number)].isTouched = true
    }

    /// A write of a key that is not held.
    mutating func insert(_ number: Int32, _ sample: inout ShadowSample) {
        if nodes.count < sample.keys.numberCount { growNodes(to: sample.keys.numberCount) }
        let bytes = sample.keys[number].chargeBytes
        guard bytes <= budget.mainBytesMax else { return }
        if bytes <= budget.windowBytesMax && budget.windowEntriesMax > 0 {
            append(number, to: Self.windowList, &sample)
            retire(&sample)
        } else {
            enterMain(number, &sample)
        }
    }

    private mutating func growNodes(to count: Int) {
        if nodes.capacity < count { nodes.reserveCapacity(ShadowKeys.room(for: count)) }
        while nodes.count < count { nodes.append(Node()) }
    }

    /// Forgets a key that is held.
    mutating func remove(_ number: Int32, _ sample: inout ShadowSample) {
        detach(number, bytes: sample.keys[number].chargeBytes)
        sample.letGo(number)
    }

    /// Takes another budget; what does not fit any more goes.
    mutating func setBudget(_ budget: Budget, _ sample: inout ShadowSample) {
        self.budget = budget
        while mainBytes > budget.mainBytesMax || mainCount > budget.mainEntriesMax {
            guard let victim else { break }
            evict(victim, &sample)
        }
        retire(&sample)
    }

    /// Moves what is over the window's bounds into the main region, or out.
    private mutating func retire(_ sample: inout ShadowSample) {
        while windowBytes > budget.windowBytesMax || windowCount > budget.windowEntriesMax {
            let oldest = heads[Self.windowList]
            guard oldest != Self.none else { return }
            // Held while it is in no list.
            sample.keys[oldest].holders += 1
            remove(oldest, &sample)
            enterMain(oldest, &sample)
            sample.letGo(oldest)
        }
    }

    // MARK: the main region

    private var victim: Int32? {
        var least = Double.infinity
        var victim: Int32?
        var rest = occupied
        while rest != 0 {
            let head = heads[rest.trailingZeroBitCount]
            rest &= rest &- 1
            if nodes[Int(head)].standing < least {
                least = nodes[Int(head)].standing
                victim = head
            }
        }
        return victim
    }

    private mutating func value(
        _ number: Int32, isNewcomer: Bool = false, _ sample: borrowing ShadowSample
    ) -> Double {
        let key = sample.keys[number]
        let estimate = sample.sketch.estimate(key.hash)
        return scale.value(
            mode, estimate: isNewcomer ? mode.newcomerEstimate(estimate) : estimate,
            density: sample.density(bytes: key.bytes))
    }

    private mutating func enterMain(_ candidate: Int32, _ sample: inout ShadowSample) {
        let bytes = sample.keys[candidate].chargeBytes
        let candidateValue = value(candidate, isNewcomer: true, sample)
        while mainBytes + bytes > budget.mainBytesMax || mainCount >= budget.mainEntriesMax {
            guard let victim else { return }
            let standing = nodes[Int(victim)].standing
            if nodes[Int(victim)].isTouched {
                nodes[Int(victim)].isTouched = false
                refile(victim, value(victim, sample), sample)
                continue
            }
            switch mode {
            case .natural, .recency, .size, .steep, .gentle:
                if standing > floor + candidateValue { return }
            case .strict:
                let victimValue = value(victim, sample)
                if AdmissionMode.isKept(victimValue: victimValue, candidateValue: candidateValue) {
                    refile(victim, victimValue, sample)
                    return
                }
            }
            evict(victim, &sample)
        }
        nodes[Int(candidate)].standing = floor + candidateValue
        append(candidate, to: MainRegion.classIndex(candidateValue), &sample)
    }

    private mutating func evict(_ victim: Int32, _ sample: inout ShadowSample) {
        floor = max(floor, nodes[Int(victim)].standing)
        remove(victim, &sample)
    }

    private mutating func refile(
        _ victim: Int32, _ value: Double, _ sample: borrowing ShadowSample
    ) {
        floor = max(floor, nodes[Int(victim)].standing)
        let bytes = sample.keys[victim].chargeBytes
        detach(victim, bytes: bytes)
        nodes[Int(victim)].standing = floor + value
        attach(victim, to: MainRegion.classIndex(value), bytes: bytes)
    }

    // MARK: the lists

    private mutating func append(
        _ number: Int32, to list: Int, _ sample: inout ShadowSample
    ) {
        sample.keys[number].holders += 1
        attach(number, to: list, bytes: sample.keys[number].chargeBytes)
    }

    private mutating func attach(_ number: Int32, to list: Int, bytes: UInt64) {
        let tail = tails[list]
        nodes[Int(number)].list = UInt8(list)
        nodes[Int(number)].previous = tail
        nodes[Int(number)].next = Self.none
        nodes[Int(number)].isTouched = false
        if tail == Self.none { heads[list] = number } else { nodes[Int(tail)].next = number }
        tails[list] = number
        if list == Self.windowList {
            windowBytes += bytes
            windowCount += 1
        } else {
            occupied |= 1 &<< UInt64(list)
            mainBytes += bytes
            mainCount += 1
        }
    }

    private mutating func detach(_ number: Int32, bytes: UInt64) {
        let node = nodes[Int(number)]
        let list = Int(node.list)
        if node.previous == Self.none {
            heads[list] = node.next
        } else {
            nodes[Int(node.previous)].next = node.next
        }
        if node.next == Self.none {
            tails[list] = node.previous
        } else {
            nodes[Int(node.next)].previous = node.previous
        }
        nodes[Int(number)].list = Self.absent
        if list == Self.windowList {
            windowBytes -= bytes
            windowCount -= 1
        } else {
            if heads[list] == Self.none { occupied &= ~(1 &<< UInt64(list)) }
            mainBytes -= bytes
            mainCount -= 1
            if mainCount == 0 { floor = 0 }
        }
    }

    // MARK: checking

    /// Traps unless lists, links, sums and the keys' numbers tell the same story; tells how many
    /// are held.
    func checkInvariants(_ sample: borrowing ShadowSample) {
        var sums: (window: UInt64, main: UInt64, count: Int) = (0, 0, 0)
        for list in 0...Self.windowList {
            var last = Self.none
            var next = heads[list]
            while next != Self.none {
                let node = nodes[Int(next)]
                precondition(node.list == UInt8(list), "a key knows its list")
                precondition(node.previous == last, "links go both ways")
                let key = sample.keys[next]
                precondition(key.holders > 0, "what is held is counted")
                precondition(sample.keys.find(key.hash) == next, "what is held has a number")
                if list == Self.windowList {
                    sums.window += key.chargeBytes
                } else {
                    sums.main += key.chargeBytes
                }
                sums.count += 1
                last = next
                next = node.next
            }
            precondition(tails[list] == last, "a list knows its end")
        }
        precondition(sums.window == windowBytes && sums.main == mainBytes, "bytes are counted")
        precondition(sums.count == count, "keys are counted")
        precondition(windowBytes <= budget.windowBytesMax && mainBytes <= budget.mainBytesMax)
    }
}
