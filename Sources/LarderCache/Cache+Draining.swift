// Memory on its way back to the system.
extension Cache {
    /// Cells that one hold of the policy's lock looks at.
    private static let cellsPerHold = 128
    /// Bytes that a write moves at least, and per byte of its own, while a drain goes on.
    private static let drainedBytesMin: UInt64 = 16 * 1024
    private static let drainedPerByte: UInt64 = 16
    /// Cells and bytes of a hold where nothing else is to be done.
    private static let cellsPerLongHold = 4096
    private static let bytesPerLongHold: UInt64 = 512 * 1024
    /// Segments that are drained at a time beyond those there are.
    private static let spareDrains: UInt64 = 16

    /// Goes on with the drain by as much as keeps up with a write of so many bytes.
    @inline(never)
    func drainAlong(bytes: UInt64) {
        let bytesMax = max(bytes, Self.drainedBytesMin / Self.drainedPerByte) * Self.drainedPerByte
        _ = policy.withLock { policy in
            policy.drain(arena, cells: Self.cellsPerHold, bytes: bytesMax, shards)
        }
    }

    /// Drains until holes take no more than their share, in holds that let others in between.
    func drainThrough() {
        var drainsLeft = arena.usage.residentBytes / UInt64(EntryArena.segmentBytes)
        drainsLeft += Self.spareDrains
        while drainsLeft > 0, arena.needsDrain {
            let draining = policy.withLock { policy in
                policy.drain(
                    arena, cells: Self.cellsPerLongHold, bytes: Self.bytesPerLongHold, shards)
            }
            switch draining {
            case .nothing: return
            case .unfinished: break
            case .finished: drainsLeft -= 1
            }
        }
    }
}
