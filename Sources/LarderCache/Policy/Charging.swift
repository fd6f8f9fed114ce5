/// How the bytes are found that an entry counts against the budget.
package enum Charging: Hashable, Sendable {
    /// The bytes that it really takes.
    case real
    /// The number in the first eight bytes of its value, little-endian. So a simulation of a
    /// large cache needs no large memory.
    case told

    /// The budget that is kept to when `asked` is asked for: no more than can be addressed.
    func budgetBytes(_ asked: UInt64, in arena: borrowing EntryArena) -> UInt64 {
        switch self {
        case .real: min(asked, arena.liveBytesMax)
        case .told: asked
        }
    }

    /// The bytes that an arena has to have room for.
    func arenaBytes(_ budgetBytes: UInt64) -> UInt64 {
        switch self {
        case .real: budgetBytes
        case .told: 0
        }
    }

    /// The bytes that `block` counts.
    @inline(__always)
    func bytes(of block: EntryBlock) -> UInt64 {
        switch self {
        case .real: return block.chargeBytes
        case .told:
            let value = block.value
            return value.count >= 8 ? value.word(at: 0) : 0
        }
    }
}
