package import LarderPages

// Memory on its way back to the system.
extension Cache {
    /// Cells that one hold of the policy's lock looks at, and bytes that it moves.
    private static let cellsPerHold = 4096
    private static let bytesPerHold: UInt64 = 512 * 1024
    /// What a write does for a drain that goes on: so many cells and bytes at least, and in the
    /// measure of its own size more than it can leave in holes.
    private static let cellsMin = 128
    private static let bytesPerCell: UInt64 = 8
    private static let bytesMin: UInt64 = 16 * 1024
    private static let movedPerByte: UInt64 = 16
    /// Segments that are drained at a time beyond those there are.
    private static let spareDrains: UInt64 = 16

    /// Goes on with the drain by as much as keeps up with a write of so many bytes.
    @inline(never)
    func drainAlong(bytes: UInt64) {
        var cells = max(Int(bytes / Self.bytesPerCell), Self.cellsMin)
        var moved = max(bytes * Self.movedPerByte, Self.bytesMin)
        while cells > 0, moved > 0, arena.needsDrain {
            let (cellsNow, movedNow) = (
                min(cells, Self.cellsPerHold), min(moved, Self.bytesPerHold)
            )
            let draining = policy.withLock { policy in
                policy.drain(arena, cells: cellsNow, bytes: movedNow, shards, lanes)
            }
            if case .nothing = draining { return }
            cells -= cellsNow
            moved -= movedNow
        }
    }

    /// Drains until holes take no more than their share, in holds that let others in between.
    func drainThrough() {
        var drainsLeft = arena.usage.residentBytes / UInt64(EntryArena.segmentBytes)
        drainsLeft += Self.spareDrains
        while drainsLeft > 0, arena.needsDrain {
            let draining = policy.withLock { policy in
                policy.drain(
                    arena, cells: Self.cellsPerHold, bytes: Self.bytesPerHold, shards, lanes)
            }
            switch draining {
            case .nothing: return
            case .unfinished: break
            case .finished: drainsLeft -= 1
            }
        }
    }

    /// Gives memory back that waits for the next entries: for when none are expected soon.
    public func giveBackIdle() { arena.giveBackIdle() }

    /// What the entries' memory takes and holds.
    package var arenaUsage: EntryArena.Usage { arena.usage }

    /// Where the pages of large values come from and go to. Long messages may be gathered in such
    /// pages.
    package var pages: PagePool { arena.pages }

    /// Lets so many bytes lie in holes, and none in idle pages, until the budget is set anew.
    package func setHoleBytesMax(_ bytes: UInt64) {
        arena.setSlack(bytes: bytes)
    }
}
