/// What stands at the start of a cell in which no entry lies.
struct ArenaHole {
    /// Always `mark`, which no entry's state is.
    var state: UInt32
    var units: UInt32
    var previous: UInt32
    var next: UInt32

    static let mark = UInt32.max
    /// `previous` of a hole that is in no bin.
    static let noBin = UInt32.max
}
