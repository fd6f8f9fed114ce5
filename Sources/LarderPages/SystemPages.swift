#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Memory straight from the system, in whole pages, zero at first.
package enum SystemPages {
    package static let pageBytes = 4096

    #if os(Linux)
    private static let noReserve = MAP_NORESERVE
    private static let populate = MAP_POPULATE
    /// MADV_POPULATE_WRITE, which not every C library's headers name.
    private static let populateWrite: Int32 = 23
    #else
    private static let noReserve: Int32 = 0
    private static let populate: Int32 = 0
    #endif

    /// Whole pages that hold so many bytes.
    package static func roundedUp(_ bytes: Int) -> Int {
        (bytes + pageBytes - 1) & ~(pageBytes - 1)
    }

    /// How far into its page an address points.
    @unsafe
    @inline(__always)
    package static func offset(of address: UnsafeRawPointer) -> Int {
        Int(bitPattern: address) & (pageBytes - 1)
    }

    /// Addresses without memory behind them, beginning at a multiple of their number, which is a
    /// power of two.
    @unsafe
    package static func reserve(alignedBytes bytes: Int) -> UnsafeMutableRawPointer {
        guard let region = unsafe reserveIfGranted(alignedBytes: bytes) else {
            preconditionFailure("the system grants addresses, which `ulimit -v` limits")
        }
        return unsafe region
    }

    /// The same; `nil` if the system does not have twice as many.
    @unsafe
    package static func reserveIfGranted(alignedBytes bytes: Int) -> UnsafeMutableRawPointer? {
        guard let start = unsafe mappedIfGranted(bytes * 2, PROT_NONE, noReserve) else {
            return nil
        }
        let head = Int(truncatingIfNeeded: 0 &- UInt(bitPattern: start)) & (bytes - 1)
        let region = unsafe start + head
        if head > 0 { unsafe unmap(start, bytes: head) }
        if head < bytes { unsafe unmap(region + bytes, bytes: bytes - head) }
        return unsafe region
    }

    /// Lets reserved addresses be used.
    @unsafe
    package static func open(_ start: UnsafeMutableRawPointer, bytes: Int, isHuge: Bool) {
        let result = unsafe mprotect(start, bytes, PROT_READ | PROT_WRITE)
        precondition(result == 0, "the system grants memory that the budget allows")
        #if os(Linux)
        // A wish: without it everything works, with more misses in the processor's page tables.
        _ = unsafe madvise(start, bytes, isHuge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE)
        #endif
    }

    /// Gives the memory back and keeps the addresses; it reads as zero afterwards.
    @unsafe
    package static func discard(_ start: UnsafeMutableRawPointer, bytes: Int) {
        _ = unsafe madvise(start, bytes, MADV_DONTNEED)
    }

    /// Pages of their own. `isFilledSoon`: all of them will be written at once.
    @unsafe
    package static func map(bytes: Int, isFilledSoon: Bool = false) -> UnsafeMutableRawPointer {
        unsafe mapped(roundedUp(bytes), PROT_READ | PROT_WRITE, isFilledSoon ? populate : 0)
    }

    /// Pages that get memory when they are written; `nil` if the system does not give so many.
    @unsafe
    static func mapSparsely(bytes: Int) -> UnsafeMutableRawPointer? {
        unsafe mappedIfGranted(roundedUp(bytes), PROT_READ | PROT_WRITE, noReserve)
    }

    /// Gives pages memory at once, which costs less than a fault for each.
    @unsafe
    static func populate(_ start: UnsafeMutableRawPointer, bytes: Int) {
        #if os(Linux)
        // A wish: a system that does not know it gives them memory one by one.
        _ = unsafe madvise(start, bytes, populateWrite)
        #endif
    }

    /// Addresses without memory behind them.
    @unsafe
    package static func reserve(bytes: Int) -> UnsafeMutableRawPointer {
        unsafe mapped(roundedUp(bytes), PROT_NONE, noReserve)
    }

    @unsafe
    package static func unmap(_ start: UnsafeMutableRawPointer, bytes: Int) {
        let rounded = roundedUp(bytes)
        // A process may have only so many mappings, and a hole makes two of one; the memory goes
        // back all the same.
        if unsafe munmap(start, rounded) != 0 { unsafe discard(start, bytes: rounded) }
    }

    @unsafe
    private static func mapped(
        _ bytes: Int, _ protection: Int32, _ flags: Int32
    ) -> UnsafeMutableRawPointer {
        guard let start = unsafe mappedIfGranted(bytes, protection, flags) else {
            preconditionFailure("the system grants memory that the budget allows")
        }
        return unsafe start
    }

    @unsafe
    private static func mappedIfGranted(
        _ bytes: Int, _ protection: Int32, _ flags: Int32
    ) -> UnsafeMutableRawPointer? {
        let start = unsafe mmap(nil, bytes, protection, MAP_PRIVATE | MAP_ANON | flags, -1, 0)
        guard let start = unsafe start, Int(bitPattern: start) != -1 else { return nil }
        return unsafe start
    }
}
