internal import Synchronization

/// The memory that a cache's entries lie in.
///
/// It lives until its owner and the last entry in it are gone.
///
/// - Complexity: giving out and taking back a cell are O(1); a drain step is O(cells looked at).
@safe
package struct EntryArena: ~Copyable, Sendable {
    // One reserved range of addresses, aligned to its own size, so that a cell is named by 32
    // bits (its distance in units of 16 bytes) and every cell finds the range's start, and with
    // it the arena's control block, from its own address. The range is cut into segments as large
    // as a huge page. Cells are laid out one behind the other, without rounding to size classes;
    // the cell of an entry that went is a hole, kept in a bin by size, split for a smaller entry
    // and never joined with its neighbours. When holes make up more than the slack that the
    // budget leaves, the segment with the least in it is drained: its holes leave their bins, the
    // cache moves its entries elsewhere, and the segment goes back to the system as a whole.
    // Sources: Rosenblum, Ousterhout: The Design and Implementation of a Log-Structured File
    // System; Rumble et al.: Log-structured Memory for DRAM-based Storage.
    static let unitBytes = 16
    static let regionBytes = 1 << 36
    static let segmentBytes = 2 << 20
    static let segmentUnits = UInt32(segmentBytes / unitBytes)
    static let segmentCount = regionBytes / segmentBytes
    /// The most that the entries of one arena may take; what is left is for holes.
    static let liveBytesMax = UInt64(regionBytes / 8 * 7)
    /// Segments of a small cache, which has no use for huge pages.
    static let plainSegments = 2

    /// What stands at the start of the region.
    struct Control: ~Copyable {
        let state: Guarded<ArenaState>
        /// Cells in use, and one more for the owner.
        let holders = Atomic<UInt64>(1)
        let needsDrain = Atomic<Bool>(false)
    }

    private nonisolated(unsafe) let region: UnsafeMutableRawPointer

    package init() {
        unsafe region = SystemPages.reserve(alignedBytes: Self.regionBytes)
        unsafe SystemPages.open(region, bytes: Self.segmentBytes, isHuge: false)
        let control = unsafe region.bindMemory(to: Control.self, capacity: 1)
        unsafe control.initialize(to: Control(state: Guarded(ArenaState(region: region))))
    }

    deinit {
        unsafe Self.leave(region)
    }

    // MARK: addresses

    /// The number of the cell at an address.
    @inline(__always)
    static func link(of cell: UnsafeMutableRawPointer) -> UInt32 {
        let distance = UInt(bitPattern: cell) & UInt(regionBytes - 1)
        return UInt32(truncatingIfNeeded: distance / UInt(unitBytes))
    }

    /// The address of a cell of the same arena as `other`.
    @unsafe
    @inline(__always)
    static func cell(
        _ link: UInt32, beside other: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        unsafe start(of: other) + Int(link) &* unitBytes
    }

    @unsafe
    @inline(__always)
    private static func start(of cell: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        unsafe cell - Int(bitPattern: UInt(bitPattern: cell) & UInt(regionBytes - 1))
    }

    @unsafe
    @inline(__always)
    private static func control(
        _ region: UnsafeMutableRawPointer
    ) -> UnsafeMutablePointer<Control> {
        unsafe region.assumingMemoryBound(to: Control.self)
    }

    /// The entry of a link into this arena.
    @inline(__always)
    func entry(_ link: UInt32) -> EntryBlock {
        unsafe EntryBlock(cell: region + Int(link) &* Self.unitBytes)
    }

    /// The way to this arena's entries for who keeps links to them and never outlives them.
    var links: EntryLinks { unsafe EntryLinks(region: region) }

    static func units(_ bytes: Int) -> UInt32 {
        UInt32((bytes + unitBytes - 1) / unitBytes)
    }

    // MARK: cells

    /// A cell for so many bytes, in which `body` lays out an entry's header at once.
    func allocate<Result: Sendable>(
        bytes: Int, _ body: (UnsafeMutableRawPointer) -> Result
    ) -> Result {
        let units = Self.units(bytes)
        let control = unsafe Self.control(region)
        unsafe control.pointee.holders.add(1, ordering: .relaxed)
        return unsafe control.pointee.state.withLock { state in
            let link = state.allocate(units)
            unsafe Self.note(state.needsDrain, in: region)
            return unsafe body(region + Int(link) &* Self.unitBytes)
        }
    }

    /// Takes back a cell of so many bytes.
    @unsafe
    static func free(_ cell: UnsafeMutableRawPointer, bytes: Int) {
        let region = unsafe start(of: cell)
        let link = unsafe link(of: cell)
        unsafe control(region).pointee.state.withLock { state in
            state.free(link, units: units(bytes))
            unsafe note(state.needsDrain, in: region)
        }
        unsafe leave(region)
    }

    /// One holder less; the last gives all memory back.
    @unsafe
    private static func leave(_ region: UnsafeMutableRawPointer) {
        let control = unsafe control(region)
        let left = unsafe control.pointee.holders.subtract(1, ordering: .acquiringAndReleasing)
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

    /// Sets how many bytes may lie in holes.
    package func setSlack(bytes: UInt64) {
        unsafe Self.control(region).pointee.state.withLock { state in
            state.slackUnits = bytes / UInt64(Self.unitBytes)
            unsafe Self.note(state.needsDrain, in: region)
        }
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

    @unsafe
    init(region: UnsafeMutableRawPointer) {
        unsafe self.region = unsafe region
    }

    @inline(__always)
    func entry(_ link: UInt32) -> EntryBlock {
        unsafe EntryBlock(cell: region + Int(link) &* EntryArena.unitBytes)
    }
}
