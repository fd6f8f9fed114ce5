package import LarderPages
internal import Synchronization

/// The memory that a cache's entries lie in.
///
/// It lives until its owner and the last entry in it are gone.
///
/// - Complexity: giving out and taking back a cell are O(1); a drain step is O(cells looked at).
@safe
package struct EntryArena: ~Copyable, Sendable {
    // One reserved range of addresses, aligned to its own size, so that a cell is named by 32
    // bits (its distance in units) and every cell finds the range's start, and with it the
    // arena's control block, from its own address. A unit is 8 bytes, or more where the budget
    // is so large that 32 bits of them would not reach. The range is cut into segments as large
    // as a huge page. Cells are laid out one behind the other, without rounding to size classes;
    // the cell of an entry that went is a hole, kept in a bin by size, split for a smaller entry
    // and never joined with its neighbours. When holes make up more than the slack that the
    // budget leaves, the segment with the least in it is drained: its holes leave their bins, the
    // cache moves its entries elsewhere, and the segment goes back to the system as a whole.
    // Sources: Rosenblum, Ousterhout: The Design and Implementation of a Log-Structured File
    // System; Rumble et al.: Log-structured Memory for DRAM-based Storage.
    package static let unitBytesMin = 8
    static let unitBytesMax = 64
    static let regionBytes = unitBytesMax << 32
    static let segmentBytes = 2 << 20
    static let segmentCount = regionBytes / segmentBytes
    /// Segments that hold what the arena itself needs to know.
    static let ownSegments = 2
    /// How often a budget may double before its arena can not follow.
    private static let doublings = 1
    /// Segments of a small cache, which has no use for huge pages.
    static let plainSegments = 2

    /// Where the control block is: behind the constants, on cache lines of its own.
    private static let controlStart = 128

    /// What everyone reads and nobody writes: the region begins with it.
    struct Constants {
        let unitShift: Int
        let firstVersion: UInt64
        let hash: KeyHash
    }

    struct Control: ~Copyable {
        let state: Guarded<ArenaState>
        let pages = PagePool()
        /// Cells in use, and one more for the owner.
        let holders = Atomic<UInt64>(1)
        let needsDrain = Atomic<Bool>(false)
    }

    private nonisolated(unsafe) let region: UnsafeMutableRawPointer
    private let unitShift: Int

    /// An arena for a cache of this budget, and of twice as much, whose writes are numbered from
    /// `firstVersion` on.
    package init(
        budgetBytes: UInt64 = 0, firstVersion: UInt64 = 1,
        hash: KeyHash = KeyHash(HashSeed(0, 0, 0, 0))
    ) {
        unitShift = Self.unitShift(budgetBytes: budgetBytes)
        unsafe region = SystemPages.reserve(alignedBytes: Self.regionBytes)
        unsafe SystemPages.open(
            region, bytes: Self.segmentBytes * Self.ownSegments, isHuge: false)
        let constants = unsafe region.bindMemory(to: Constants.self, capacity: 1)
        unsafe constants.initialize(
            to: Constants(unitShift: unitShift, firstVersion: firstVersion, hash: hash))
        let control = unsafe (region + Self.controlStart).bindMemory(to: Control.self, capacity: 1)
        let state = unsafe ArenaState(region: region, unitShift: unitShift)
        unsafe control.initialize(to: Control(state: Guarded(state)))
    }

    /// Whether the system grants the addresses of another arena.
    static var systemHasAddresses: Bool {
        guard let region = unsafe SystemPages.reserveIfGranted(alignedBytes: regionBytes) else {
            return false
        }
        unsafe SystemPages.unmap(region, bytes: regionBytes)
        return true
    }

    // MARK: units

    private static func unitShift(budgetBytes: UInt64) -> Int {
        var shift = unitBytesMin.trailingZeroBitCount
        while shift < unitBytesMax.trailingZeroBitCount,
            liveBytesMax(unitShift: shift) >> UInt64(doublings) < budgetBytes
        {
            shift += 1
        }
        return shift
    }

    private static func liveBytesMax(unitShift: Int) -> UInt64 {
        (1 << UInt64(32 + unitShift)) / 8 * 7
    }

    /// The most that the entries of any arena may take.
    static var liveBytesMax: UInt64 { liveBytesMax(unitShift: unitBytesMax.trailingZeroBitCount) }

    /// The most that the entries of this arena may take; what is left is for holes.
    var liveBytesMax: UInt64 { Self.liveBytesMax(unitShift: unitShift) }

    /// Cells are multiples of this.
    package var unitBytes: Int { 1 << unitShift }

    /// The size of a unit, as a power of two, in the arena that a cell is in.
    @unsafe
    @inline(__always)
    static func unitShift(beside cell: UnsafeMutableRawPointer) -> Int {
        unsafe constants(beside: cell).pointee.unitShift
    }

    /// The constants of the arena that a cell is in.
    @unsafe
    @inline(__always)
    static func constants(beside cell: UnsafeMutableRawPointer) -> UnsafePointer<Constants> {
        unsafe UnsafePointer(start(of: cell).assumingMemoryBound(to: Constants.self))
    }

    deinit {
        unsafe Self.leave(region)
    }

    // MARK: addresses

    /// The number of the cell at an address.
    @unsafe
    @inline(__always)
    static func link(of cell: UnsafeMutableRawPointer) -> UInt32 {
        let distance = UInt(bitPattern: cell) & UInt(regionBytes - 1)
        return unsafe UInt32(truncatingIfNeeded: distance &>> UInt(unitShift(beside: cell)))
    }

    /// The address of a cell of the same arena as `other`.
    @unsafe
    @inline(__always)
    static func cell(
        _ link: UInt32, beside other: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        unsafe start(of: other) + Int(link) &<< unitShift(beside: other)
    }

    @unsafe
    @inline(__always)
    static func start(of cell: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        unsafe cell - Int(bitPattern: UInt(bitPattern: cell) & UInt(regionBytes - 1))
    }

    @unsafe
    @inline(__always)
    static func control(
        _ region: UnsafeMutableRawPointer
    ) -> UnsafeMutablePointer<Control> {
        unsafe (region + controlStart).assumingMemoryBound(to: Control.self)
    }

    /// The entry of a link into this arena.
    @inline(__always)
    func entry(_ link: UInt32) -> EntryBlock {
        unsafe EntryBlock(cell: region + Int(link) &<< unitShift)
    }

    /// The way to this arena's entries for who keeps links to them and never outlives them.
    var links: EntryLinks { unsafe EntryLinks(region: region, unitShift: unitShift) }

    // MARK: cells

    /// A cell for so many bytes, in which `body` lays out an entry's header at once.
    func allocate<Result: Sendable>(
        bytes: Int, _ body: (UnsafeMutableRawPointer) -> Result
    ) -> Result {
        let control = unsafe Self.control(region)
        unsafe control.pointee.holders.add(1, ordering: .relaxed)
        return unsafe control.pointee.state.withLock { state in
            let link = state.allocate(state.units(bytes))
            unsafe Self.note(state.needsDrain, in: region)
            return unsafe body(region + Int(link) &<< unitShift)
        }
    }

    /// Takes back a cell of so many bytes.
    @unsafe
    static func free(_ cell: UnsafeMutableRawPointer, bytes: Int) {
        let region = unsafe start(of: cell)
        let link = unsafe link(of: cell)
        unsafe control(region).pointee.state.withLock { state in
            state.free(link, units: state.units(bytes))
            unsafe note(state.needsDrain, in: region)
        }
        unsafe leave(region)
    }

    /// Takes back the cells of entries that nobody holds: this one and those linked behind it.
    func free(_ first: EntryBlock?) {
        guard first != nil else { return }
        let region = unsafe region
        let count: UInt64 = unsafe Self.control(region).pointee.state.withLock { state in
            var count: UInt64 = 0
            var next = first
            while let cell = next {
                next = cell.next
                state.free(cell.link, units: state.units(cell.cellBytes))
                count += 1
            }
            unsafe Self.note(state.needsDrain, in: region)
            return count
        }
        unsafe Self.leave(region, holders: count)
    }

    /// So many holders less; the last gives all memory back.
    @unsafe
    private static func leave(_ region: UnsafeMutableRawPointer, holders count: UInt64 = 1) {
        let control = unsafe control(region)
        let left = unsafe control.pointee.holders.subtract(
            count, ordering: .acquiringAndReleasing)
        guard left.newValue == 0 else { return }
        unsafe control.deinitialize(count: 1)
        unsafe SystemPages.unmap(region, bytes: regionBytes)
    }

    // MARK: giving memory back

    /// Notes, for who does not hold the lock, whether a drain is needed.
    @unsafe
    @inline(__always)
    private static func note(_ needsDrain: Bool, in region: UnsafeMutableRawPointer) {
        let mark = unsafe control(region)
        if unsafe mark.pointee.needsDrain.load(ordering: .relaxed) != needsDrain {
            unsafe mark.pointee.needsDrain.store(needsDrain, ordering: .relaxed)
        }
    }

    /// Whether there was more in holes than the slack, when last looked at.
    @inline(__always)
    var needsDrain: Bool {
        unsafe Self.control(region).pointee.needsDrain.load(ordering: .relaxed)
    }

    /// Goes on with the drain, or begins one if it is needed: looks at up to `cells` cells, which
    /// it counts down, until there is an entry to move. To be called under the policy's lock.
    func drain(cells: inout Int) -> ArenaState.Step {
        var left = cells
        let step = unsafe Self.control(region).pointee.state.withLock { state in
            let step = state.drain(cells: &left)
            unsafe Self.note(state.needsDrain, in: region)
            return step
        }
        cells = left
        return step
    }

    /// Sets how many bytes may lie in holes, and how many in pages that no value uses.
    package func setSlack(bytes: UInt64, idlePageBytes: UInt64 = 0) {
        pages.setKeptBytesMax(Int(clamping: idlePageBytes))
        unsafe Self.control(region).pointee.state.withLock { state in
            state.slackUnits = bytes &>> UInt64(unitShift)
            unsafe Self.note(state.needsDrain, in: region)
        }
    }

    /// Gives back the memory of segments that nothing lies in yet, and idle pages.
    package func giveBackIdle() {
        pages.letGo()
        unsafe Self.control(region).pointee.state.withLock { $0.giveBackIdle() }
    }

    // MARK: looking

    /// What an arena takes and holds.
    package struct Usage: Hashable, Sendable {
        /// Bytes of the segments that have memory.
        package var residentBytes: UInt64
        /// Bytes of the cells in use.
        package var liveBytes: UInt64
        /// Bytes of holes, in bins or not.
        package var holeBytes: UInt64
    }

    /// Where the pages of large values come from and go to.
    package var pages: PagePool { unsafe Self.control(region).pointee.pages }

    package var usage: Usage {
        unsafe Self.control(region).pointee.state.withLock { $0.usage }
    }

    /// Traps unless every segment is tiled by cells, each hole in a bin is where it belongs, and
    /// the sums agree.
    package func checkInvariants() {
        unsafe Self.control(region).pointee.state.withLock { $0.checkInvariants() }
    }
}

/// Turns links into entries. Made for who keeps links to entries of one arena while they live.
@safe
struct EntryLinks: Sendable {
    private nonisolated(unsafe) let region: UnsafeMutableRawPointer
    private let unitShift: Int

    @unsafe
    init(region: UnsafeMutableRawPointer, unitShift: Int) {
        unsafe self.region = unsafe region
        self.unitShift = unitShift
    }

    @inline(__always)
    func entry(_ link: UInt32) -> EntryBlock {
        unsafe EntryBlock(cell: region + Int(link) &<< unitShift)
    }

    /// The entry of a slot, which has the upper half of its hash and then its link.
    @inline(__always)
    func entry(slot: UInt64) -> EntryBlock { entry(UInt32(truncatingIfNeeded: slot)) }

    /// Units that so many bytes take.
    @inline(__always)
    func units(_ bytes: Int) -> Int { (bytes + (1 &<< unitShift) - 1) &>> unitShift }

    /// So many bytes in whole units.
    @inline(__always)
    func roundedUp(_ bytes: Int) -> Int { units(bytes) &<< unitShift }
}
