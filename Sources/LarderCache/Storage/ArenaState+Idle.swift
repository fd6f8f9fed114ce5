internal import LarderPages

// Segments that nothing lies in yet.
extension ArenaState {
    /// A smaller tail stays as it is.
    private static let tailBytesMin = EntryArena.segmentBytes / 32

    /// Gives back the memory behind the last cell laid out, and that of an empty segment.
    ///
    /// From then on the tail gets memory page by page, until it is full.
    mutating func giveBackIdle() {
        if spareSegment != 0 {
            close(spareSegment)
            spareSegment = 0
        }
        // A plain segment has no more than was written.
        guard openSegment > EntryArena.plainSegments, !isTailPlain else { return }
        let used = SystemPages.roundedUp(Int(openUnits) &<< unitShift)
        let rest = EntryArena.segmentBytes - used
        guard rest >= Self.tailBytesMin else { return }
        let tail = unsafe cell(firstLink(openSegment)) + used
        unsafe SystemPages.open(tail, bytes: rest, isHuge: false)
        unsafe SystemPages.discard(tail, bytes: rest)
        isTailPlain = true
    }

    /// Lets the open segment be one huge page again.
    mutating func joinTail() {
        isTailPlain = false
        unsafe SystemPages.open(
            cell(firstLink(openSegment)), bytes: EntryArena.segmentBytes, isHuge: true)
    }

    /// Gives back the memory of a segment that nothing lies in.
    mutating func close(_ index: Int) {
        unsafe SystemPages.discard(cell(firstLink(index)), bytes: EntryArena.segmentBytes)
        self[segment: index] = ArenaSegment(
            liveUnits: 0, state: .closed, notBefore: 0, next: firstClosed)
        firstClosed = UInt32(index)
        residentSegments -= 1
    }
}
