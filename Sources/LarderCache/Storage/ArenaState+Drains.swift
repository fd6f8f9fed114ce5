extension ArenaState {
    /// What came of a step of a drain.
    enum Step: Sendable {
        /// There is nothing to drain.
        case nothing
        /// The cells to look at are used up.
        case unfinished
        /// This entry is to be moved, if it can be.
        case entry(EntryBlock)
        /// A segment was gone through.
        case finished
    }

    /// A drain goes through the segment two or three times.
    enum Pass {
        /// Holes leave their bins, so that nothing new comes in.
        case detaching
        /// Entries are moved out.
        case moving
        /// Some could not be moved: neighbouring holes are joined and go back into bins.
        case returning
    }
}
