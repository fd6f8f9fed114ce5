internal import Synchronization

extension Cache {
    /// The moment from which `expire` has something to do, as things are: 0 if it has now, `nil` if
    /// it never has. An entry that is used meanwhile may make it later.
    public func nextDueNanos() -> UInt64? {
        if arena.needsDrain { return 0 }
        return withSettledPolicy { $0.timers.nextTurnNanos }
    }
}
