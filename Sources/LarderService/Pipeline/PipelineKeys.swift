import LarderCache
import LarderProtocol

/// The keys of a pipeline's next operations, made ready in the cache before their turn comes.
///
/// A hint and no more: what cannot be read here is found out when the operation is done.
struct PipelineKeys: ~Copyable, ~Escapable {
    private var operations: FieldIterator
    private var ahead = LookAhead()
    private var isOver: Bool

    /// The keys of all operations in these bytes, if making them ready is of use to the cache.
    @_lifetime(copy operations)
    init(_ operations: Span<UInt8>, for cache: Cache) {
        self.operations = PipelineRequest.operations(in: operations)
        isOver = !cache.looksAhead
    }

    /// Reads the key of the operation whose turn it is.
    @inline(__always)
    mutating func get(
        _ key: Span<UInt8>, _ cache: Cache, nowNanos: UInt64
    ) -> EntryReference? {
        goOn(cache)
        return ahead.isEmpty
            ? cache.get(key, nowNanos: nowNanos)
            : cache.get(key, ReadOptions(), &ahead, nowNanos: nowNanos)
    }

    /// Tells that it is the turn of an operation that is not done by `get`.
    @inline(__always)
    mutating func pass(_ cache: Cache) {
        goOn(cache)
        if !ahead.isEmpty { cache.pass(&ahead) }
    }

    /// Makes keys ready for the operation whose turn it is and those behind it.
    @inline(__always)
    private mutating func goOn(_ cache: Cache) {
        while !isOver && ahead.hasRoom {
            do {
                guard let bytes = try operations.next() else {
                    isOver = true
                    break
                }
                if let get = PlainGetView(bytes) {
                    cache.prepare(get.key, in: &ahead)
                } else {
                    try prepare(OperationView(decoding: bytes), cache)
                }
            } catch {
                isOver = true
            }
        }
    }

    /// Every operation takes a place, also one without a key that is worth making ready.
    private mutating func prepare(
        _ operation: borrowing OperationView, _ cache: Cache
    ) throws(WireError) {
        switch operation.kind {
        case .get where !operation.isSplit:
            cache.prepare(try GetRequestView(decoding: operation.body).key, in: &ahead)
        case .set where !operation.isSplit:
            cache.prepare(try SetRequestView(decoding: operation.body).key, in: &ahead)
        case .get, .set, .delete, .touch, .increment, .none: cache.prepare(Span(), in: &ahead)
        }
    }
}
