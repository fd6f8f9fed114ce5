// The pages of values that are too large for a cell.
extension EntryArena {
    /// Pages for a value of so many bytes, whose entry has this cell; all of them will be written
    /// at once.
    @unsafe
    static func takePages(
        bytes: Int, for cell: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        let needed = SystemPages.roundedUp(bytes)
        let region = unsafe start(of: cell)
        let kept = unsafe control(region).pointee.pages.withLock { $0.take(bytes: needed) }
        guard let kept else { return unsafe SystemPages.map(bytes: needed, isFilledSoon: true) }
        if kept.bytes > needed {
            unsafe PagePool.Run(start: kept.start + needed, bytes: kept.bytes - needed).unmap()
        }
        return unsafe kept.start
    }

    /// Takes back the pages of a value of so many bytes.
    @unsafe
    static func givePages(
        _ start: UnsafeMutableRawPointer, bytes: Int, of cell: UnsafeMutableRawPointer
    ) {
        let run = unsafe PagePool.Run(start: start, bytes: SystemPages.roundedUp(bytes))
        let region = unsafe Self.start(of: cell)
        let isKept = unsafe control(region).pointee.pages.withLock { pool in
            guard run.bytes <= pool.bytesMax else { return false }
            pool.keep(run)
            return true
        }
        if isKept { unsafe trimPages(in: region) } else { run.unmap() }
    }

    /// Gives back to the system what is kept beyond the bounds, not under the lock.
    @unsafe
    static func trimPages(in region: UnsafeMutableRawPointer) {
        while let run = unsafe control(region).pointee.pages.withLock({ $0.takeExcess() }) {
            run.unmap()
        }
    }
}
