internal import LarderPages
internal import Synchronization

/// What the arena keeps under its lock: where cells can be had, and what is being drained.
@safe
struct ArenaState: ~Copyable, Sendable {
    /// Smaller holes are in no bin: no entry is so small.
    private static let binnedBytesMin = EntryHeader.bytes
    /// Where the segments' records are, within the first segment.
    private static let recordsStart = 64 * 1024
    /// Drains that a segment is left alone for after some of its entries could not be moved.
    private static let retryDrains: UInt32 = 64
    /// A segment with fewer bytes in holes is not worth draining.
    private static let gainBytesMin = EntryArena.segmentBytes / 64

    private nonisolated(unsafe) let region: UnsafeMutableRawPointer
    let unitShift: Int
    let segmentUnits: UInt32
    private let binnedUnitsMin: UInt32
    private var bins = InlineArray<168, UInt32>(repeating: 0)
    private var occupied = InlineArray<3, UInt64>(repeating: 0)
    /// The segment in which cells are laid out, 0: none; and the first unit that is free in it.
    var openSegment = 0
    var openUnits: UInt32 = 0
    /// Whether what is free in it has small pages, each of which gets memory when it is written.
    var isTailPlain = false
    /// Segments ever opened; the first ones are the arena's own.
    private var segmentsUsed = EntryArena.ownSegments
    var firstClosed: UInt32 = 0
    var spareSegment = 0
    var residentSegments: UInt64 = 0
    private var liveUnits: UInt64 = 0
    var slackUnits: UInt64 = .max

    private var drained = 0
    private var drainUnits: UInt32 = 0
    private var pass = Pass.detaching
    private var drainCount: UInt32 = 0
    private var isDrainFutile = false

    @unsafe
    init(region: UnsafeMutableRawPointer, unitShift: Int) {
        unsafe self.region = unsafe region
        self.unitShift = unitShift
        segmentUnits = UInt32(EntryArena.segmentBytes >> unitShift)
        binnedUnitsMin = UInt32(Self.binnedBytesMin >> unitShift) + 1
        let records = unsafe (region + Self.recordsStart).bindMemory(
            to: ArenaSegment.self, capacity: EntryArena.segmentCount)
        precondition(
            Self.recordsStart + EntryArena.segmentCount * MemoryLayout<ArenaSegment>.stride
                <= EntryArena.ownSegments * EntryArena.segmentBytes, "the records have room")
        // The memory reads as zero, which is a segment never used; these are no one's.
        for index in 0..<EntryArena.ownSegments {
            unsafe records[index] = ArenaSegment(
                liveUnits: 0, state: .full, notBefore: 0, next: 0)
        }
    }

    /// Units that so many bytes take.
    @inline(__always)
    func units(_ bytes: Int) -> UInt32 {
        UInt32((bytes + (1 &<< unitShift) - 1) &>> unitShift)
    }

    // MARK: raw memory

    subscript(segment index: Int) -> ArenaSegment {
        get {
            precondition(index >= 0 && index < EntryArena.segmentCount)
            return unsafe (region + Self.recordsStart).assumingMemoryBound(to: ArenaSegment.self)[
                index]
        }
        nonmutating set {
            precondition(index >= 0 && index < EntryArena.segmentCount)
            unsafe (region + Self.recordsStart).assumingMemoryBound(to: ArenaSegment.self)[
                index] = newValue
        }
    }

    @unsafe
    func cell(_ link: UInt32) -> UnsafeMutableRawPointer {
        unsafe region + Int(link) &<< unitShift
    }

    private subscript(hole link: UInt32) -> ArenaHole {
        get { unsafe ArenaHole(at: cell(link), unitShift: unitShift) }
        nonmutating set { unsafe newValue.store(at: cell(link), unitShift: unitShift) }
    }

    // Not `self[hole: link].next = other`: built for the thread sanitizer, that counts as a write to
    // the region's first word (Swift 6.3.1).
    @inline(__always)
    private func change(_ link: UInt32, _ body: (inout ArenaHole) -> Void) {
        var hole = self[hole: link]
        body(&hole)
        self[hole: link] = hole
    }

    private func segment(of link: UInt32) -> Int { Int(link / segmentUnits) }

    func firstLink(_ segment: Int) -> UInt32 { UInt32(segment) * segmentUnits }

    // MARK: bins

    /// Makes a hole, in a bin unless it is too small or its segment is drained.
    private mutating func putHole(_ link: UInt32, units: UInt32) {
        let isBinned = segment(of: link) != drained
        putHole(link, units: units, isBinned: isBinned && units >= binnedUnitsMin)
    }

    private mutating func putHole(_ link: UInt32, units: UInt32, isBinned: Bool) {
        var hole = ArenaHole(units: units)
        if isBinned {
            let bin = ArenaBins.bin(ofHole: units)
            let head = bins[bin]
            hole.previous = 0
            hole.next = head
            if head != 0 { change(head) { $0.previous = link } }
            bins[bin] = link
            occupied[bin / 64] |= 1 &<< UInt64(bin % 64)
        }
        self[hole: link] = hole
    }

    /// Takes a hole out of its bin, if it is in one.
    private mutating func unbin(_ link: UInt32, _ hole: ArenaHole) {
        guard hole.previous != ArenaHole.noBin else { return }
        if hole.next != 0 { change(hole.next) { $0.previous = hole.previous } }
        if hole.previous != 0 {
            change(hole.previous) { $0.next = hole.next }
        } else {
            let bin = ArenaBins.bin(ofHole: hole.units)
            bins[bin] = hole.next
            if hole.next == 0 { occupied[bin / 64] &= ~(1 &<< UInt64(bin % 64)) }
        }
    }

    private func firstBin(from start: Int) -> Int? {
        var word = start / 64
        guard word < ArenaBins.maskWords else { return nil }
        var mask = occupied[word] & (.max &<< UInt64(start % 64))
        while mask == 0 {
            word += 1
            guard word < ArenaBins.maskWords else { return nil }
            mask = occupied[word]
        }
        return word * 64 + mask.trailingZeroBitCount
    }

    // MARK: cells

    mutating func allocate(_ units: UInt32) -> UInt32 {
        let link = takeHole(units) ?? layOut(units)
        let index = segment(of: link)
        let live = self[segment: index].liveUnits
        self[segment: index].liveUnits = live + units
        liveUnits += UInt64(units)
        return link
    }

    private mutating func takeHole(_ units: UInt32) -> UInt32? {
        var link = bins[ArenaBins.bin(ofHole: units)]
        if link == 0 || self[hole: link].units < units {
            guard let bin = firstBin(from: ArenaBins.bin(fitting: units)) else { return nil }
            link = bins[bin]
        }
        let hole = self[hole: link]
        unbin(link, hole)
        if hole.units > units { putHole(link + units, units: hole.units - units) }
        return link
    }

    private mutating func layOut(_ units: UInt32) -> UInt32 {
        if openSegment == 0 || segmentUnits - openUnits < units { openNext() }
        let link = firstLink(openSegment) + openUnits
        openUnits += units
        return link
    }

    private mutating func openNext() {
        if openSegment != 0 {
            if isTailPlain { joinTail() }
            let rest = segmentUnits - openUnits
            if rest > 0 { putHole(firstLink(openSegment) + openUnits, units: rest) }
            self[segment: openSegment].state = .full
        }
        isDrainFutile = false
        openUnits = 0
        if spareSegment != 0 {
            openSegment = spareSegment
            spareSegment = 0
        } else {
            if firstClosed != 0 {
                openSegment = Int(firstClosed)
                firstClosed = self[segment: openSegment].next
            } else {
                precondition(
                    UInt64(segmentsUsed + 1) * UInt64(segmentUnits) <= 1 << 32,
                    "entries are bounded by the budget")
                openSegment = segmentsUsed
                segmentsUsed += 1
                unsafe SystemPages.open(
                    cell(firstLink(openSegment)), bytes: EntryArena.segmentBytes,
                    isHuge: openSegment > EntryArena.plainSegments)
            }
            residentSegments += 1
        }
        self[segment: openSegment].state = .open
    }

    mutating func free(_ link: UInt32, units: UInt32) {
        let index = segment(of: link)
        let live = self[segment: index].liveUnits
        precondition(live >= units, "a cell is given back once")
        self[segment: index].liveUnits = live - units
        liveUnits -= UInt64(units)
        putHole(link, units: units)
    }

    // MARK: draining

    /// Units that have memory, lie behind the last cell laid out or hold none.
    private var holeUnits: UInt64 {
        let resident = residentSegments * UInt64(segmentUnits)
        let untouched = openSegment == 0 ? 0 : UInt64(segmentUnits - openUnits)
        return resident - untouched - liveUnits
    }

    var needsDrain: Bool { drained != 0 || (holeUnits > slackUnits && !isDrainFutile) }

    mutating func drain(cells: inout Int) -> Step {
        if drained == 0 {
            guard holeUnits > slackUnits, !isDrainFutile else { return .nothing }
            guard let victim = emptiestSegment() else {
                isDrainFutile = true
                return .nothing
            }
            drained = victim
            drainUnits = 0
            pass = .detaching
            drainCount &+= 1
            self[segment: victim].state = .draining
        }
        while cells > 0 {
            if drainUnits == segmentUnits {
                guard let next = nextPass else {
                    finishDrain()
                    return .finished
                }
                pass = next
                drainUnits = 0
            }
            cells -= 1
            let link = firstLink(drained) + drainUnits
            let entry = unsafe EntryBlock(cell: cell(link))
            if entry.isHole {
                drainUnits += passHole(link, cells: &cells)
            } else {
                drainUnits += units(entry.cellBytes)
                if pass == .moving && entry.isListed { return .entry(entry) }
            }
        }
        return .unfinished
    }

    private var nextPass: Pass? {
        // With nothing in it there is nothing to move, and nothing to come back for.
        guard self[segment: drained].liveUnits > 0 else { return nil }
        switch pass {
        case .detaching: return .moving
        case .moving: return .returning
        case .returning: return nil
        }
    }

    /// Does with a hole what the pass is for; tells the units passed.
    private mutating func passHole(_ link: UInt32, cells: inout Int) -> UInt32 {
        let hole = self[hole: link]
        switch pass {
        case .detaching:
            unbin(link, hole)
            change(link) { $0.previous = ArenaHole.noBin }
            return hole.units
        case .moving: return hole.units
        case .returning:
            var units = hole.units
            while cells > 0, drainUnits + units < segmentUnits,
                unsafe EntryBlock(cell: cell(link + units)).isHole
            {
                cells -= 1
                units += self[hole: link + units].units
            }
            putHole(link, units: units, isBinned: units >= binnedUnitsMin)
            return units
        }
    }

    private func emptiestSegment() -> Int? {
        var least = segmentUnits - UInt32(Self.gainBytesMin >> unitShift)
        var emptiest: Int?
        for index in EntryArena.ownSegments..<segmentsUsed {
            let segment = self[segment: index]
            guard segment.state == .full, segment.liveUnits < least else { continue }
            guard segment.notBefore <= drainCount else { continue }
            least = segment.liveUnits
            emptiest = index
        }
        return emptiest
    }

    private mutating func finishDrain() {
        let index = drained
        let isReturned = pass == .returning
        drained = 0
        guard self[segment: index].liveUnits == 0, !isReturned else {
            self[segment: index].state = .full
            self[segment: index].notBefore = drainCount &+ Self.retryDrains
            return
        }
        if spareSegment == 0 && holeUnits < slackUnits {
            self[segment: index].state = .spare
            spareSegment = index
            return
        }
        close(index)
    }

    // MARK: looking

    var usage: EntryArena.Usage {
        EntryArena.Usage(
            residentBytes: residentSegments * UInt64(EntryArena.segmentBytes),
            liveBytes: liveUnits * UInt64(1 &<< unitShift),
            holeBytes: holeUnits * UInt64(1 &<< unitShift))
    }

    func checkInvariants() {
        var live: UInt64 = 0
        var resident: UInt64 = 0
        var binned = 0
        for index in EntryArena.ownSegments..<segmentsUsed {
            let segment = self[segment: index]
            precondition((segment.state == .spare) == (index == spareSegment))
            precondition((segment.state == .open) == (index == openSegment))
            precondition((segment.state == .draining) == (index == drained))
            guard segment.state != .closed else {
                precondition(segment.liveUnits == 0, "a segment without memory is empty")
                continue
            }
            resident += 1
            let (units, holes) = segment.state == .spare ? (0, 0) : checkSegment(index)
            precondition(units == segment.liveUnits, "a segment counts what lives in it")
            live += UInt64(units)
            binned += holes
        }
        precondition(live == liveUnits, "the arena counts what lives in it")
        precondition(resident == residentSegments, "the arena counts its segments")
        for bin in 0..<ArenaBins.count {
            var link = bins[bin]
            precondition((link != 0) == (occupied[bin / 64] &>> UInt64(bin % 64) & 1 == 1))
            var last: UInt32 = 0
            while link != 0 {
                let hole = self[hole: link]
                precondition(hole.state == ArenaHole.mark, "a bin holds holes")
                precondition(hole.previous == last, "links go both ways")
                precondition(ArenaBins.bin(ofHole: hole.units) == bin, "a hole is in its bin")
                last = link
                link = hole.next
                binned -= 1
            }
        }
        precondition(binned == 0, "every hole that says so is in a bin")
    }

    /// Units of the cells in use and holes in bins of one segment, which cells tile.
    private func checkSegment(_ index: Int) -> (liveUnits: UInt32, binned: Int) {
        let end = index == openSegment ? openUnits : segmentUnits
        var units: UInt32 = 0
        var live: UInt32 = 0
        var binned = 0
        while units < end {
            let link = firstLink(index) + units
            let entry = unsafe EntryBlock(cell: cell(link))
            if entry.isHole {
                let hole = self[hole: link]
                precondition(hole.units > 0, "a hole has room")
                if hole.previous != ArenaHole.noBin { binned += 1 }
                units += hole.units
            } else {
                let size = self.units(entry.cellBytes)
                live += size
                units += size
            }
        }
        precondition(units == end, "cells tile a segment")
        return (live, binned)
    }
}
