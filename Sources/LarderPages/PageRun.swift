/// Bytes that come one after the other, in whole pages of their own.
///
/// The pages get memory as the bytes come, a few times as much as there are at most; those that
/// served before have theirs already. With this value they go back to the pool that they are
/// from, unless someone has taken them over.
@safe
package struct PageRun: ~Copyable, Sendable {
    /// Pages have memory for at most this many times what has come; fewer steps mean fewer calls
    /// of the system.
    private static let growthFactor = 4

    private nonisolated(unsafe) let start: UnsafeMutableRawPointer?
    /// Of the pages; 0 if there are none, or not any more.
    private var pageBytes: Int
    /// Of the pages that have memory, the first ones.
    package private(set) var residentBytes: Int
    /// Bytes that have come.
    package private(set) var count = 0
    private let pool: PagePool?

    /// No pages.
    package init() {
        unsafe start = nil
        pageBytes = 0
        residentBytes = 0
        pool = nil
    }

    @unsafe
    init(start: UnsafeMutableRawPointer, bytes: Int, residentBytes: Int, of pool: PagePool) {
        unsafe self.start = unsafe start
        pageBytes = bytes
        self.residentBytes = residentBytes
        self.pool = pool
    }

    deinit {
        guard let start = unsafe start, pageBytes > 0 else { return }
        if residentBytes == pageBytes {
            unsafe pool?.keep(start, bytes: pageBytes)
        } else {
            unsafe SystemPages.unmap(start, bytes: pageBytes)
        }
    }

    package var hasPages: Bool { pageBytes > 0 }

    /// The bytes that have come.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let buffer = unsafe UnsafeRawBufferPointer(start: start, count: count)
            let span = unsafe Span<UInt8>(_unsafeBytes: buffer)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Takes a copy of bytes that come next. Traps unless there is room for them.
    package mutating func append(_ added: Span<UInt8>) {
        let end = count + added.count
        precondition(end <= pageBytes, "the pages were taken for all that comes")
        guard let start = unsafe start, !added.isEmpty else { return }
        if end > residentBytes {
            let grown = min(
                pageBytes, max(SystemPages.roundedUp(end), residentBytes * Self.growthFactor))
            unsafe SystemPages.populate(start + residentBytes, bytes: grown - residentBytes)
            residentBytes = grown
        }
        unsafe added.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            unsafe (start + count).copyMemory(from: base, byteCount: source.count)
        }
        count = end
    }

    /// Where the first of some bytes lies.
    @unsafe
    package func address(of range: Range<Int>) -> UnsafeMutableRawPointer {
        precondition(
            !range.isEmpty && range.lowerBound >= 0 && range.upperBound <= count,
            "only bytes that have come have an address")
        guard let start = unsafe start else { preconditionFailure("bytes have pages") }
        return unsafe start + range.lowerBound
    }

    /// Gives the pages in which some of the bytes lie to the caller, who gives them back to the
    /// pool; the others go.
    @unsafe
    package mutating func giveUp(keeping range: Range<Int>) {
        let start = unsafe address(of: range) - range.lowerBound
        let first = range.lowerBound & ~(SystemPages.pageBytes - 1)
        let end = SystemPages.roundedUp(range.upperBound)
        if first > 0 { unsafe SystemPages.unmap(start, bytes: first) }
        if end < pageBytes { unsafe SystemPages.unmap(start + end, bytes: pageBytes - end) }
        pageBytes = 0
        residentBytes = 0
        count = 0
    }
}
