/// What stands at the start of a cell in which no entry lies.
struct ArenaHole {
    struct Size {
        /// Always `mark`, which no entry's state is.
        var state = ArenaHole.mark
        var units: UInt32
    }

    struct Links {
        var previous = ArenaHole.noBin
        var next: UInt32 = 0
    }

    var size: Size
    var links: Links

    static let mark = UInt32.max
    /// `previous` of a hole that is in no bin.
    static let noBin = UInt32.max
    static let linksStart = 8
    static let bytes = 16

    init(size: Size, links: Links) {
        self.size = size
        self.links = links
    }

    /// A hole in no bin.
    init(units: UInt32) {
        size = Size(units: units)
        links = Links()
    }

    var state: UInt32 { size.state }
    var units: UInt32 { size.units }
    var previous: UInt32 {
        get { links.previous }
        set { links.previous = newValue }
    }
    var next: UInt32 {
        get { links.next }
        set { links.next = newValue }
    }
}
