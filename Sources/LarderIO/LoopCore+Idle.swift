import CLibuv

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// What a loop keeps for speed.
extension LoopCore {
    /// Blocks that glibc's malloc never maps on their own, and how many are looked through.
    private static let trimmedBytes = 120 * 1024
    private static let trimmedBlocks = 32

    /// Gives back what is kept for the next to be read and written, and what the process's
    /// allocator keeps free. Not while something is read.
    func giveBackIdle() {
        blocks.letGo()
        unsafe Self.discardPages(of: receiveBuffer, bytes: Self.receiveBytes)
        #if canImport(Glibc)
        allocator_trim()
        // That leaves what lies behind the last block in use of a thread's heap.
        var taken: [UnsafeMutableRawPointer] = unsafe []
        unsafe taken.reserveCapacity(Self.trimmedBlocks)
        for _ in 0..<Self.trimmedBlocks {
            guard let block = unsafe malloc(Self.trimmedBytes) else { break }
            unsafe Self.discardPages(of: block, bytes: Self.trimmedBytes)
            unsafe taken.append(block)
        }
        while let block = unsafe taken.popLast() { unsafe free(block) }
        #endif
    }

    /// The memory stays, the whole pages of it go and come back empty.
    @unsafe
    private static func discardPages(of memory: UnsafeMutableRawPointer, bytes: Int) {
        let pageBytes = UInt(getpagesize())
        let start = UInt(bitPattern: memory)
        let head = Int((pageBytes - start % pageBytes) % pageBytes)
        let whole = (bytes - head) / Int(pageBytes) * Int(pageBytes)
        _ = unsafe madvise(memory + head, whole, MADV_DONTNEED)
    }
}

extension EventLoop {
    /// Gives memory back that is kept for speed: for when nobody speaks. On the loop, from a timer.
    package func giveBackIdle() {
        assert(core.isHere, "a loop's memory is given back on its thread")
        core.giveBackIdle()
    }
}
