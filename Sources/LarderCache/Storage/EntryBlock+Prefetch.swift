internal import CProcessor

// Memory that is used soon, asked for before it is.
extension EntryBlock {
    /// Bytes of an entry that are fetched: its header and key, and all of a small one.
    private static let prefetchedBytes = 192
    private static let lineBytes = 64

    /// Fetches the entry, or what begins where it begins. May be called by anybody, also when the
    /// entry is gone.
    @inline(__always)
    func prefetch() {
        for offset in stride(from: 0, to: Self.prefetchedBytes, by: Self.lineBytes) {
            unsafe processor_prefetch(memory + offset)
        }
    }
}
