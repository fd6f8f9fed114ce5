internal import Synchronization

/// Pages of long values and long messages that went, kept for those that come: a fresh page costs
/// a fault and is zeroed by the system before it is written.
///
/// Who gives pages and who takes them may be on different threads.
///
/// - Complexity: O(pages' runs kept), which are few.
package final class PagePool: Sendable {
    private let stock = Mutex(Stock())

    package init() {}

    /// What may be kept, in bytes.
    package func setKeptBytesMax(_ bytes: Int) {
        stock.withLock { $0.bytesMax = bytes }
        trim()
    }

    /// What is kept, in bytes.
    package var keptBytes: Int { stock.withLock { $0.bytes } }

    /// Empty pages for so many bytes; `nil` if the system gives none.
    package func run(bytes: Int) -> PageRun? {
        let needed = SystemPages.roundedUp(bytes)
        if let kept = stock.withLock({ $0.take(bytes: needed) }) {
            return unsafe PageRun(
                start: kept.start, bytes: kept.bytes, residentBytes: kept.bytes, of: self)
        }
        guard let start = unsafe SystemPages.mapSparsely(bytes: needed) else { return nil }
        return unsafe PageRun(start: start, bytes: needed, residentBytes: 0, of: self)
    }

    /// Pages for so many bytes, all of which will be written at once. They go back with `keep`.
    @unsafe
    package func pages(bytes: Int) -> UnsafeMutableRawPointer {
        let needed = SystemPages.roundedUp(bytes)
        guard let kept = stock.withLock({ $0.take(bytes: needed) }) else {
            return unsafe SystemPages.map(bytes: needed, isFilledSoon: true)
        }
        if kept.bytes > needed {
            unsafe SystemPages.unmap(kept.start + needed, bytes: kept.bytes - needed)
        }
        return unsafe kept.start
    }

    /// Takes pages for so many bytes, all of which have memory, from whoever had them.
    @unsafe
    package func keep(_ start: UnsafeMutableRawPointer, bytes: Int) {
        let kept = unsafe Kept(start: start, bytes: SystemPages.roundedUp(bytes))
        let isKept = stock.withLock { $0.keep(kept) }
        if isKept { trim() } else { kept.unmap() }
    }

    /// Gives all that is kept back to the system.
    package func letGo() {
        while let kept = stock.withLock({ $0.takeOldest() }) { kept.unmap() }
    }

    /// Gives back to the system what is kept beyond the bounds, not under the lock.
    private func trim() {
        while let kept = stock.withLock({ $0.takeExcess() }) { kept.unmap() }
    }
}

extension PagePool {
    /// Whole pages in a row that nobody uses.
    @safe
    private struct Kept: Sendable {
        nonisolated(unsafe) let start: UnsafeMutableRawPointer
        let bytes: Int

        @unsafe
        init(start: UnsafeMutableRawPointer, bytes: Int) {
            unsafe self.start = unsafe start
            self.bytes = bytes
        }

        /// Gives the pages back to the system. For whoever is alone with them.
        func unmap() { unsafe SystemPages.unmap(start, bytes: bytes) }
    }

    private struct Stock: ~Copyable {
        private static let runsMax = 32
        /// A run is taken if no more than one part in so many of it is left over.
        private static let restDivisor = 4

        /// The oldest first.
        private var runs: [Kept] = []
        private(set) var bytes = 0
        var bytesMax = 0

        deinit {
            for run in runs { run.unmap() }
        }

        /// The run that suits so many bytes best, the newest of several: the processor may still have
        /// it at hand.
        mutating func take(bytes needed: Int) -> Kept? {
            var best: Int?
            for index in runs.indices {
                let bytes = runs[index].bytes
                guard bytes >= needed, bytes - needed <= bytes / Self.restDivisor else { continue }
                if let known = best, runs[known].bytes < bytes { continue }
                best = index
            }
            guard let best else { return nil }
            let run = runs.remove(at: best)
            bytes -= run.bytes
            return run
        }

        /// Takes a run, unless it is too much alone.
        mutating func keep(_ run: Kept) -> Bool {
            guard run.bytes <= bytesMax else { return false }
            runs.append(run)
            bytes += run.bytes
            return true
        }

        /// Takes out a run that is too much, the oldest.
        mutating func takeExcess() -> Kept? {
            bytes > bytesMax || runs.count > Self.runsMax ? takeOldest() : nil
        }

        mutating func takeOldest() -> Kept? {
            guard !runs.isEmpty else { return nil }
            let run = runs.removeFirst()
            bytes -= run.bytes
            return run
        }
    }
}
