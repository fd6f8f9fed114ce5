/// A fixed number of 64-bit words, zero at first, that begin on a cache line.
@safe
struct WordTable: ~Copyable, Sendable {
    private static let alignment = 64
    /// From here on a table has pages of its own, which go back to the system with it.
    private static let pagedBytesMin = 64 * 1024

    private nonisolated(unsafe) let words: UnsafeMutablePointer<UInt64>
    let count: Int

    init(count: Int) {
        precondition(count > 0)
        let bytes = count * MemoryLayout<UInt64>.stride
        if bytes >= Self.pagedBytesMin {
            unsafe words = SystemPages.map(bytes: bytes).bindMemory(
                to: UInt64.self, capacity: count)
        } else {
            let memory = UnsafeMutableRawPointer.allocate(
                byteCount: bytes, alignment: Self.alignment)
            unsafe words = unsafe memory.bindMemory(to: UInt64.self, capacity: count)
            unsafe words.initialize(repeating: 0, count: count)
        }
        self.count = count
    }

    deinit {
        let bytes = count * MemoryLayout<UInt64>.stride
        if bytes >= Self.pagedBytesMin {
            unsafe SystemPages.unmap(UnsafeMutableRawPointer(words), bytes: bytes)
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

    /// A table twice as long, holding these words in both halves.
    borrowing func doubled() -> WordTable {
        let table = WordTable(count: count * 2)
        unsafe table.words.update(from: words, count: count)
        unsafe (table.words + count).update(from: words, count: count)
        return table
    }
}
