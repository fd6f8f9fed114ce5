/// The value of a held item as an object, for those who keep it in a queue until it is written.
///
/// The bytes stay where they are and as they are while the object lives.
package final class HeldValue: Sendable {
    private let block: EntryBlock

    /// Takes over the hold.
    package init(_ entry: consuming EntryReference) {
        block = entry.block
        block.retain()
    }

    deinit {
        block.release()
    }

    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // The block lives as long as this object, which is what the span is tied to.
            let block = block
            return unsafe _overrideLifetime(block.value, borrowing: self)
        }
    }
}
