package import LarderCache

/// A value that goes out from where it lies in the cache; it stays there as long as this lives.
package final class ValueTail: Sendable {
    private let entry: EntryReference

    init(_ entry: consuming EntryReference) { self.entry = entry }

    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { entry.value }
    }
}
