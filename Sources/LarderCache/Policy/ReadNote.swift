/// What the policy hears of a read.
struct ReadNote: Sendable {
    var hash: UInt64
    /// What the entry counts against the budget; 0: none was found.
    var bytes: UInt64 = 0
    var expiresAtNanos: UInt64 = EntryBlock.neverExpires
}
