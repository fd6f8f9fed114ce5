internal import LarderPages

/// A row of 64-bit words, zero at first, that begins on a cache line and can grow and shrink
/// where it is.
///
/// - Complexity: resizing is O(1), but for a copy when a table first grows and again each time it
///   has become 256 times as large.
@safe
struct WordTable: ~Copyable, Sendable {
    private static let alignment = 64
    private static let wordBytes = MemoryLayout<UInt64>.stride
    /// From here on, and once it has grown, a table has pages of its own: what is not written yet
    /// costs nothing, and what is not used any more goes back to the system.
    private static let pagedBytesMin = SystemPages.pageBytes
    /// Addresses that a table with its own pages takes for each word.
    private static let addressesPerWord = 256
    /// Bytes behind the last word that may keep their pages.
    private static let idleBytesMax = 4 * SystemPages.pageBytes

    private nonisolated(unsafe) var words: UnsafeMutablePointer<UInt64>
    private(set) var count: Int
    /// Words that may be used.
    private var capacity: Int
    /// Words that there are addresses for; 0 for a table without pages of its own.
    private var addressed = 0
    /// Words from here on have no memory.
    private var touched: Int

    init(count: Int) {
        self.init(count: count, isPaged: count * Self.wordBytes >= Self.pagedBytesMin)
    }

    private init(count: Int, isPaged: Bool) {
        precondition(count > 0)
        self.count = count
        capacity = count
        touched = count
        if isPaged {
            addressed = count * Self.addressesPerWord
            unsafe words = Self.pages(addressed: addressed, words: count)
        } else {
            let memory = UnsafeMutableRawPointer.allocate(
                byteCount: count * Self.wordBytes, alignment: Self.alignment)
            unsafe words = unsafe memory.bindMemory(to: UInt64.self, capacity: count)
            unsafe words.initialize(repeating: 0, count: count)
        }
    }

    deinit {
        unsafe Self.free(words, addressed: addressed)
    }

    @unsafe
    private static func pages(addressed: Int, words count: Int) -> UnsafeMutablePointer<UInt64> {
        let start = unsafe SystemPages.reserve(bytes: addressed * wordBytes)
        unsafe SystemPages.open(
            start, bytes: SystemPages.roundedUp(count * wordBytes), isHuge: false)
        return unsafe start.bindMemory(to: UInt64.self, capacity: addressed)
    }

    @unsafe
    private static func free(_ words: UnsafeMutablePointer<UInt64>, addressed: Int) {
        if addressed > 0 {
            unsafe SystemPages.unmap(UnsafeMutableRawPointer(words), bytes: addressed * wordBytes)
        } else {
            unsafe words.deallocate()
        }
    }

    subscript(index: Int) -> UInt64 {
        @inline(__always)
        get {
            precondition(index >= 0 && index < count, "a word lies within its table")
            return unsafe words[index]
        }
        @inline(__always)
        nonmutating set {
            precondition(index >= 0 && index < count, "a word lies within its table")
            unsafe words[index] = newValue
        }
    }

    /// Where the words lie, until it is resized.
    var address: UInt { unsafe UInt(bitPattern: words) }

    /// Copies `length` words from one place to another, which do not overlap.
    func copy(from source: Int, to target: Int, length: Int) {
        precondition(source >= 0 && target >= 0 && length >= 0)
        precondition(source <= count - length && target <= count - length)
        unsafe (words + target).update(from: words + source, count: length)
    }

    /// Makes it longer by words that are zero, or shorter: the words that go must be zero by then.
    mutating func resize(to newCount: Int) {
        precondition(newCount > 0)
        if newCount > capacity { reserve(newCount) }
        count = newCount
        touched = max(touched, newCount)
        if addressed > 0 && (touched - count) * Self.wordBytes > Self.idleBytesMax {
            let kept = SystemPages.roundedUp(count * Self.wordBytes)
            let end = SystemPages.roundedUp(touched * Self.wordBytes)
            unsafe SystemPages.discard(UnsafeMutableRawPointer(words) + kept, bytes: end - kept)
            touched = count
        }
    }

    /// Makes at least so many words usable, and as many again.
    private mutating func reserve(_ needed: Int) {
        if needed < addressed {
            capacity = min(needed * 2, addressed)
            unsafe SystemPages.open(
                UnsafeMutableRawPointer(words),
                bytes: SystemPages.roundedUp(capacity * Self.wordBytes), isHuge: false)
            return
        }
        // A small one, too: what many of them leave behind on their way would stay with malloc.
        let longer = WordTable(count: needed * 2, isPaged: true)
        unsafe longer.words.update(from: words, count: count)
        self.take(longer, count: needed)
    }

    private mutating func take(_ longer: consuming WordTable, count newCount: Int) {
        let kept = count
        swap(&self, &longer)
        count = kept
        touched = newCount
    }
}
