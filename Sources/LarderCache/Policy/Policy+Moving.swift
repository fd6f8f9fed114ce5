// Entries in other blocks: to give memory back, or to have room for a timer.
extension Policy {
    /// What came of a step of a drain.
    enum Draining: Sendable {
        case nothing, unfinished, finished
    }

    /// Looks at up to `cells` cells of the segment that the arena drains, and moves the entries
    /// in them that nobody holds, up to about `bytes` of them.
    mutating func drain(
        _ arena: borrowing EntryArena, cells: Int, bytes: UInt64, _ shards: borrowing ShardArray,
        _ lanes: borrowing LaneArray
    ) -> Draining {
        if !isDraining {
            isDraining = true
            lanes.forEach { $0.cells.close(arena) }
        }
        let draining = drainOn(arena, cells: cells, bytes: bytes, shards)
        switch draining {
        case .unfinished: break
        case .nothing, .finished:
            isDraining = false
            lanes.forEach { $0.cells.open() }
        }
        return draining
    }

    private mutating func drainOn(
        _ arena: borrowing EntryArena, cells: Int, bytes: UInt64, _ shards: borrowing ShardArray
    ) -> Draining {
        var cellsLeft = cells
        var bytesLeft = bytes
        while true {
            switch arena.drain(cells: &cellsLeft) {
            case .nothing: return .nothing
            case .unfinished: return .unfinished
            case .finished: return .finished
            case .entry(let block):
                let charge = block.chargeBytes
                guard move(block, arena, shards) else { continue }
                if charge >= bytesLeft { return .unfinished }
                bytesLeft -= charge
            }
        }
    }

    /// Moves an entry to another cell; `false` if someone holds it.
    private mutating func move(
        _ block: EntryBlock, _ arena: borrowing EntryArena, _ shards: borrowing ShardArray
    ) -> Bool {
        // Readers find an entry under its shard's lock only: whoever is alone with it under that
        // lock stays alone until it has moved.
        let hash = block.hash
        let moved: EntryBlock? = shards.withShard(of: hash) { shard in
            guard block.referenceCount == 1 else { return nil }
            let moved = block.moved(in: arena)
            shard.replace(block, with: moved, hash: hash)
            return moved
        }
        guard let moved else { return false }
        exchange(block, for: moved)
        block.vacate()
        return true
    }

    /// Puts a block that can expire in the place of one that can not; tells the new one, with one
    /// more reference for the caller.
    mutating func giveTimer(
        to block: EntryBlock, _ arena: borrowing EntryArena, _ shards: borrowing ShardArray,
        _ departed: inout DepartedEntries
    ) -> EntryBlock {
        let timed = EntryBlock.make(
            in: arena, key: block.key, value: block.value, flags: block.flags,
            mayExpire: true, isWide: block.isWide)
        timed.takeStamp(of: block)
        timed.isTouched = block.isTouched
        timed.retain()
        exchange(block, for: timed)
        let hash = block.hash
        shards.withShard(of: hash) { $0.replace(block, with: timed, hash: hash) }
        departed.append(block)
        return timed
    }
}
