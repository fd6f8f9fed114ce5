/// The cells of small entries that went, kept for the next of the same size.
///
/// To the arena they are in use: each still has the header of the entry that was in it.
struct KeptCells: ~Copyable, Sendable {
    // So that who evicts and puts in, over and over, takes neither the arena's lock nor its
    // lists to its processor each time.
    private static let cellBytesMax = 4096
    static let bytesMax = 64 * 1024
    /// So much is kept at most.
    var bytesMax = 0
    /// A chain of cells of one size for each number of units, as far as it goes.
    private static let chainCount = 64

    private let links: EntryLinks
    private let chains = WordTable(count: chainCount)
    private(set) var bytes = 0
    /// Not while a segment is drained: whoever does that walks over all cells in it.
    private(set) var isOpen = true

    init(_ arena: borrowing EntryArena) {
        links = arena.links
    }

    deinit {
        for chain in 0..<Self.chainCount {
            var next = cell(chains[chain])
            while let cell = next {
                next = cell.next
                cell.vacate()
            }
        }
    }

    private func cell(_ link: UInt64) -> EntryBlock? {
        link == 0 ? nil : links.entry(UInt32(truncatingIfNeeded: link))
    }

    private func unitBytes(_ cell: EntryBlock) -> Int { links.roundedUp(cell.cellBytes) }

    /// The chain of cells of so many bytes, which are whole units.
    @inline(__always)
    private func chain(bytes: Int) -> Int { links.units(bytes) % Self.chainCount }

    /// A cell of so many bytes, rounded up to units as they are, to be written anew by the caller.
    @inline(__always)
    mutating func take(bytes asked: Int) -> EntryBlock? {
        let bytes = links.roundedUp(asked)
        let chain = chain(bytes: bytes)
        guard let first = cell(chains[chain]), unitBytes(first) == bytes else { return nil }
        chains[chain] = UInt64(EntryBlock.link(first.next))
        self.bytes -= bytes
        return first
    }

    /// Keeps the cell of an entry that nobody holds; `false` if it has to go back.
    mutating func keep(_ cell: EntryBlock) -> Bool {
        let bytes = unitBytes(cell)
        guard isOpen, bytes <= Self.cellBytesMax, self.bytes + bytes <= bytesMax else {
            return false
        }
        let chain = chain(bytes: bytes)
        let first = self.cell(chains[chain])
        // Another size with the same chain.
        if let first, unitBytes(first) != bytes { return false }
        cell.next = first
        chains[chain] = UInt64(cell.link)
        self.bytes += bytes
        return true
    }

    /// Gives all cells back, and keeps none until it is opened.
    mutating func close(_ arena: borrowing EntryArena) {
        isOpen = false
        giveBack(arena)
    }

    mutating func open() { isOpen = true }

    /// Gives all cells back.
    mutating func giveBack(_ arena: borrowing EntryArena) {
        bytes = 0
        for chain in 0..<Self.chainCount where chains[chain] != 0 {
            arena.free(cell(chains[chain]))
            chains[chain] = 0
        }
    }
}
