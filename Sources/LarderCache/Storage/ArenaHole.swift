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

    // A hole of one small unit has room for its mark and size only, and is in no bin.

    /// The hole at an address.
    @unsafe
    init(at start: UnsafeMutableRawPointer, unitShift: Int) {
        size = unsafe start.load(as: Size.self)
        links = Links()
        if Int(size.units) &<< unitShift >= Self.bytes {
            links = unsafe (start + Self.linksStart).load(as: Links.self)
        }
    }

    @unsafe
    func store(at start: UnsafeMutableRawPointer, unitShift: Int) {
        unsafe start.storeBytes(of: size, as: Size.self)
        if Int(units) &<< unitShift >= Self.bytes {
            unsafe (start + Self.linksStart).storeBytes(of: links, as: Links.self)
        }
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
