/// What a simulated socket has not taken yet, as `OutputQueue` would hold it: bytes of values stay
/// where they lie until they are written.
@safe
struct ServerOutput: ~Copyable {
    /// Sound as long as `start` is read while `owner` is held.
    @safe
    private struct Piece {
        /// Keeps what `start` points to.
        let owner: AnyObject?
        let start: UnsafePointer<UInt8>?
        let copied: [UInt8]
        let count: Int
    }

    private var pieces: [Piece] = []
    private var takenOfFirst = 0
    private(set) var byteCount = 0
    /// Everybody who ever lent bytes to this output.
    private(set) var lenders: [WeakLender] = []

    var isEmpty: Bool { byteCount == 0 }

    mutating func append(_ bytes: Span<UInt8>, owner: AnyObject?) {
        guard !bytes.isEmpty else { return }
        byteCount += bytes.count
        guard let owner else {
            let copied = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
            return pieces.append(
                unsafe Piece(owner: nil, start: nil, copied: copied, count: copied.count))
        }
        if lenders.last?.lender !== owner { lenders.append(WeakLender(owner)) }
        // Sound as in the socket's own queue: the owner is held, and keeps the bytes.
        let start = unsafe bytes.withUnsafeBufferPointer { $0.baseAddress }
        pieces.append(unsafe Piece(owner: owner, start: start, copied: [], count: bytes.count))
    }

    /// What the socket takes now: read here and not before, as a write would.
    mutating func take(upTo limit: Int) -> [UInt8] {
        var taken: [UInt8] = []
        var done = 0
        while done < pieces.count, taken.count < limit {
            let piece = pieces[done]
            let count = min(piece.count - takenOfFirst, limit - taken.count)
            if let start = unsafe piece.start {
                unsafe taken += UnsafeBufferPointer(start: start + takenOfFirst, count: count)
            } else {
                taken += piece.copied[takenOfFirst..<(takenOfFirst + count)]
            }
            takenOfFirst += count
            guard takenOfFirst == piece.count else { break }
            takenOfFirst = 0
            done += 1
        }
        pieces.removeFirst(done)
        byteCount -= taken.count
        return taken
    }

    /// The connection is gone.
    mutating func clear() {
        pieces.removeAll()
        takenOfFirst = 0
        byteCount = 0
    }
}

/// Sees when a lender of bytes is gone.
struct WeakLender {
    private(set) weak var lender: AnyObject?

    init(_ lender: AnyObject) { self.lender = lender }
}
