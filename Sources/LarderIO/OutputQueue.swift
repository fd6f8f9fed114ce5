import CLibuv

/// What a stream is about to write, gathered: small bytes copied side by side, big ones by
/// reference. `ByteStream.flush` sends it all in one call.
///
/// Bounded: when `hasRoom` is true the next bytes up to `appendBytesMax` are taken, in however many
/// appends they come, one more reference of up to `referenceBytesMax` among them, and so are two
/// appends after them.
/// - Complexity: an append is O(bytes copied) and allocates nothing once the loop is warm.
// The fields lie in memory of their own, so that appending changes no property of the stream: a
// class property would be checked for exclusive access at every append.
@safe
package struct OutputQueue: ~Copyable {
    /// One HTTP/2 frame of the usual size with its header, and something to spare.
    package static let appendBytesMax = 17 * 1024
    /// Nearly all of a long frame.
    package static let referenceBytesMax = 128 * 1024
    package static let pendingBytesMax = 1280 << 10
    /// Below this many bytes a copy is cheaper than a segment of its own.
    package static let referenceBytesMin = 8 * 1024
    // `hasRoom` keeps this much back, so that a writer who is told of the end may still finish the
    // frame it is at: its head, its payload, and a control frame before it. In pieces, the payload
    // is at worst the shortest references with a few copied bytes before each.
    private static let segmentsInReserve = 2 * (appendBytesMax / referenceBytesMin) + 6
    private static let bytesInReserve = 3 * appendBytesMax + referenceBytesMax

    @unsafe
    private struct State {
        var block: OutputBlock?
        var usedBytes = 0
        var segmentCount = 0
        var pendingBytes = 0
        /// The last segment, if it lies in the arena: the next bytes lie right behind it.
        var tail: UnsafeMutablePointer<uv_buf_t>?
        var cursor: UnsafeMutablePointer<UInt8>?
        /// Up to so many pending bytes there is room.
        var roundBytes = OutputQueue.pendingBytesMax - OutputQueue.bytesInReserve
        /// Shorter references are copied.
        var referenceBytes = OutputQueue.referenceBytesMin
    }

    private let state: UnsafeMutablePointer<State>
    private let pool: OutputBlockPool

    init(pool: OutputBlockPool) {
        self.pool = pool
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: State())
    }

    deinit {
        clear()
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
    }

    /// Bytes that have been appended since the last flush.
    package var pendingBytes: Int { unsafe state.pointee.pendingBytes }
    package var isEmpty: Bool { unsafe state.pointee.segmentCount == 0 }

    package var hasRoom: Bool {
        unsafe state.pointee.segmentCount < OutputBlock.segmentsMax - Self.segmentsInReserve
            && state.pointee.usedBytes <= OutputBlock.arenaBytes - Self.appendBytesMax
            && state.pointee.pendingBytes <= state.pointee.roundBytes
    }

    /// Lets `hasRoom` end sooner: with so many bytes, and those held in reserve.
    func limitRound(bytes: Int) {
        unsafe state.pointee.roundBytes = min(bytes, Self.pendingBytesMax - Self.bytesInReserve)
    }

    /// Copies references that are shorter than this as well, so that what is written has fewer
    /// segments.
    package func joinReferences(shorterThan bytes: Int) {
        unsafe state.pointee.referenceBytes = max(bytes, Self.referenceBytesMin)
    }

    /// Takes a copy. What is bigger than the arena's rest is copied to a block of its own.
    ///
    /// - Returns: false if the queue is full and took nothing; never right after `hasRoom`.
    package func append(copying bytes: Span<UInt8>) -> Bool {
        unsafe bytes.withUnsafeBufferPointer { unsafe append(copying: $0) }
    }

    /// Takes a reference: `owner` keeps the bytes alive and unchanged, and is let go of once they
    /// are written or the stream is closed. Few bytes are copied instead.
    ///
    /// - Returns: false if the queue is full and took nothing; never right after `hasRoom`.
    package func append(referencing bytes: Span<UInt8>, owner: AnyObject) -> Bool {
        unsafe bytes.withUnsafeBufferPointer { bytes in
            let used = unsafe state.pointee.usedBytes
            if unsafe bytes.count < state.pointee.referenceBytes,
                unsafe bytes.count <= OutputBlock.arenaBytes - used
            {
                return unsafe append(copying: bytes)
            }
            return unsafe append(referencing: bytes, owner: owner)
        }
    }

    private func append(copying bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return true }
        let count = bytes.count
        if let tail = unsafe state.pointee.tail, let cursor = unsafe state.pointee.cursor,
            unsafe count <= OutputBlock.arenaBytes - state.pointee.usedBytes,
            unsafe state.pointee.pendingBytes < Self.pendingBytesMax
        {
            unsafe cursor.update(from: source, count: count)
            unsafe tail.pointee.len += count
            unsafe state.pointee.cursor = cursor + count
            unsafe state.pointee.usedBytes += count
            unsafe state.pointee.pendingBytes += count
            return true
        }
        return unsafe appendSegment(copying: source, count)
    }

    /// The first bytes of a round, those after a reference, and those too many for the arena.
    private func appendSegment(copying source: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        let used = unsafe state.pointee.usedBytes
        guard unsafe count <= OutputBlock.arenaBytes - used else {
            let copy = unsafe CopiedBytes(UnsafeBufferPointer(start: source, count: count))
            return unsafe append(referencing: copy.bytes, owner: copy)
        }
        guard let block = unsafe blockWithRoom() else { return false }
        let target = unsafe block.arena + used
        unsafe target.update(from: source, count: count)
        let segment = unsafe block.segments + state.pointee.segmentCount
        unsafe segment.initialize(
            to: uv_buf_t(
                base: UnsafeMutableRawPointer(target).assumingMemoryBound(to: CChar.self),
                len: count))
        unsafe state.pointee.tail = segment
        unsafe state.pointee.cursor = target + count
        unsafe state.pointee.usedBytes = used + count
        unsafe state.pointee.pendingBytes += count
        unsafe state.pointee.segmentCount += 1
        return true
    }

    private func append(
        referencing bytes: UnsafeBufferPointer<UInt8>, owner: AnyObject
    ) -> Bool {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return true }
        guard let block = unsafe blockWithRoom() else { return false }
        let index = unsafe state.pointee.segmentCount
        let base = unsafe UnsafeMutableRawPointer(mutating: source)
        unsafe block.segments[index] = uv_buf_t(
            base: base.assumingMemoryBound(to: CChar.self), len: bytes.count)
        unsafe block.owners[index] = Unmanaged.passRetained(owner)
        unsafe state.pointee.tail = nil
        unsafe state.pointee.segmentCount = index + 1
        unsafe state.pointee.pendingBytes += bytes.count
        return true
    }

    private func blockWithRoom() -> OutputBlock? {
        guard unsafe state.pointee.segmentCount < OutputBlock.segmentsMax,
            unsafe state.pointee.pendingBytes < Self.pendingBytesMax
        else { return nil }
        if let block = unsafe state.pointee.block { return unsafe block }
        let block = unsafe pool.take()
        unsafe state.pointee.block = block
        return unsafe block
    }

    // MARK: Leaving the queue

    /// Lends all segments to `write` and forgets them afterwards; none are lent if there are none.
    ///
    /// `write` answers with how many bytes it has taken. What is left then goes to `keep`, which
    /// gets the segments not wholly taken, the first of them cut, and owns their owners.
    func drain(
        writing write: (UnsafeMutablePointer<uv_buf_t>, Int) -> Int,
        keeping keep: (OutputRest) -> Void
    ) {
        guard let block = unsafe state.pointee.block else { return }
        let count = unsafe state.pointee.segmentCount
        // Letting go of an owner may run code that appends: the queue is empty and whole by then.
        unsafe state.pointee = State(
            roundBytes: state.pointee.roundBytes, referenceBytes: state.pointee.referenceBytes)
        var left = unsafe write(block.segments, count)
        var index = 0
        while index < count, unsafe left >= block.segments[index].len {
            unsafe left -= block.segments[index].len
            unsafe Self.release(block, index)
            index += 1
        }
        if index < count {
            unsafe block.segments[index].base += left
            unsafe block.segments[index].len -= left
            unsafe keep(OutputRest(block: block, first: index, count: count - index))
            for rest in index..<count { unsafe block.owners[rest] = nil }
        }
        unsafe pool.giveBack(block)
    }

    /// Lends what has been appended, piece by piece, and forgets it.
    func take(_ lend: (Span<UInt8>) -> Void) {
        unsafe drain(
            writing: { segments, count in
                var bytes = 0
                for index in 0..<count {
                    let segment = unsafe segments[index]
                    let start = unsafe UnsafeRawPointer(segment.base)
                        .assumingMemoryBound(to: UInt8.self)
                    lend(unsafe Span(_unsafeStart: start, count: segment.len))
                    bytes += unsafe segment.len
                }
                return bytes
            }, keeping: { _ in })
    }

    /// Drops what has been appended.
    func clear() { take { _ in } }

    private static func release(_ block: OutputBlock, _ index: Int) {
        guard let owner = unsafe block.owners[index] else { return }
        unsafe block.owners[index] = nil
        unsafe owner.release()
    }
}

/// The segments that a socket did not take, still in their block.
@unsafe
struct OutputRest {
    let block: OutputBlock
    let first: Int
    let count: Int

    /// Lets go of the owners without writing.
    func release() {
        for index in unsafe first..<(first + count) {
            if let owner = unsafe block.owners[index] { unsafe owner.release() }
        }
    }
}

/// Bytes too many for the arena, in memory of their own.
@safe
private final class CopiedBytes {
    let bytes: UnsafeBufferPointer<UInt8>

    init(_ source: UnsafeBufferPointer<UInt8>) {
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: source.count)
        _ = unsafe copy.initialize(from: source)
        unsafe bytes = UnsafeBufferPointer(copy)
    }

    deinit {
        unsafe bytes.deallocate()
    }
}
