/// Page runs of large values that went, kept for those that come: a fresh page costs a fault and is
/// zeroed by the system before it is written.
///
/// - Complexity: O(runs kept), which are few.
@safe
struct PagePool: ~Copyable, Sendable {
    /// Whole pages in a row.
    @safe
    struct Run: Sendable {
        nonisolated(unsafe) let start: UnsafeMutableRawPointer
        var bytes: Int

        @unsafe
        init(start: UnsafeMutableRawPointer, bytes: Int) {
            unsafe self.start = unsafe start
            self.bytes = bytes
        }

        /// Gives the pages back to the system. For whoever is alone with them.
        func unmap() { unsafe SystemPages.unmap(start, bytes: bytes) }
    }

    private static let runsMax = 32
    /// A run is taken for a value if no more than one part in so many of it is left over.
    private static let restDivisor = 4

    /// The oldest first.
    private var runs: [Run] = []
    private(set) var bytes = 0
    /// What may be kept.
    var bytesMax = 0

    deinit {
        for run in runs { run.unmap() }
    }

    /// The run that suits a value best, whose first pages are enough for it.
    mutating func take(bytes needed: Int) -> Run? {
        var best: Int?
        for index in runs.indices {
            let bytes = runs[index].bytes
            guard bytes >= needed, bytes - needed <= bytes / Self.restDivisor else { continue }
            if let known = best, runs[known].bytes <= bytes { continue }
            best = index
        }
        guard let best else { return nil }
        let run = runs.remove(at: best)
        bytes -= run.bytes
        return run
    }

    mutating func keep(_ run: Run) {
        runs.append(run)
        bytes += run.bytes
    }

    /// Takes out a run that is too much, the oldest.
    mutating func takeExcess() -> Run? {
        guard bytes > bytesMax || runs.count > Self.runsMax else { return nil }
        let run = runs.removeFirst()
        bytes -= run.bytes
        return run
    }
}
