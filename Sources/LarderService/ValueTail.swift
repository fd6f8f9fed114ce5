import LarderCache

/// A value that goes out from where it lies in the cache; it stays there as long as this lives.
@safe
package final class ValueTail: Sendable {
    private let entry: EntryReference
    package let count: Int
    private let pinned: PinnedValues?

    init(_ entry: consuming EntryReference, _ pinned: PinnedValues?) {
        count = entry.value.count
        self.pinned = pinned
        self.entry = entry
        if isPinned { pinned?.pin(self.entry.identity, bytes: count) }
    }

    deinit {
        if isPinned { pinned?.unpin(entry.identity, bytes: count) }
    }

    /// Counts among the values that answers keep from going.
    package var isPinned: Bool { count >= PinnedValues.valueBytesMin }

    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // The compiler does not see that what a class holds for ever lives as long as its
            // object.  The second hold is what it sees, the first is what keeps the bytes.
            let hold = entry.another()
            let value = hold.value
            return unsafe _overrideLifetime(value, borrowing: self)
        }
    }
}
