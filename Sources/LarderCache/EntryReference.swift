/// One item of the cache, held: its bytes stay valid and unchanged while this value lives, even
/// after the cache has replaced, evicted or forgotten it.
///
/// Letting go is cheap and takes no lock.
public struct EntryReference: ~Copyable, Sendable {
    let block: EntryBlock

    /// Takes over one reference that was retained for it.
    init(owning block: EntryBlock) {
        self.block = block
    }

    deinit {
        block.release()
    }

    public var key: Span<UInt8> {
        @_lifetime(borrow self)
        get { block.key }
    }

    public var value: Span<UInt8> {
        @_lifetime(borrow self)
        get { block.value }
    }

    /// Never 0.
    public var version: UInt64 { block.version }

    /// The writer's own bits.
    public var flags: UInt32 { block.flags }

    /// The moment of expiry; `nil`: never.
    public var expiresAtNanos: UInt64? {
        let expiry = block.expiresAtNanos
        return expiry == EntryBlock.neverExpires ? nil : expiry
    }

    /// For how long the item may go unused before it expires; `nil`: for ever.
    public var idleNanosMax: UInt64? { block.idleNanosMax }

    /// Whether its time is over.
    package func isExpired(nowNanos: UInt64) -> Bool { block.isExpired(nowNanos: nowNanos) }

    /// The moment of the last write, rounded down to 256 ns; where many wrote in one such moment,
    /// or over a version that the writer brought, up to 67 ms ahead.
    public var writtenAtNanos: UInt64 { block.writtenAtNanos }

    /// A number that no other item has while this one is held.
    package var identity: UInt64 { block.identity }

    /// A second hold of the same item.
    public borrowing func another() -> EntryReference {
        block.retain()
        return EntryReference(owning: block)
    }
}
