/// What the arena knows of a segment.
struct ArenaSegment {
    enum State: UInt8 {
        /// Without memory, never used or given back.
        case closed
        /// Cells are laid out in it.
        case open
        /// Laid out to its end.
        case full
        /// Its holes leave their bins and its entries move out.
        case draining
        /// With memory, without cells.
        case spare
    }

    var liveUnits: UInt32
    var state: State
    /// The drain before which it is not looked at again: its entries were in use.
    var notBefore: UInt32
    /// The next one without memory.
    var next: UInt32
}
