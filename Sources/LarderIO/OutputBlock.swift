import CLibuv

/// One round of output before it is written: an arena for small bytes, and the list of segments,
/// each in the arena or in memory that its owner keeps alive.
///
/// A bare pointer to memory of the pool: copies are the same block.
@unsafe
struct OutputBlock {
    static let arenaBytes = 256 * 1024
    static let segmentsMax = 256

    let arena: UnsafeMutablePointer<UInt8>
    let segments: UnsafeMutablePointer<uv_buf_t>
    let owners: UnsafeMutablePointer<Unmanaged<AnyObject>?>

    static func allocate() -> OutputBlock {
        let arena = unsafe UnsafeMutableRawPointer.allocate(
            byteCount: arenaBytes, alignment: 64
        ).bindMemory(to: UInt8.self, capacity: arenaBytes)
        let owners = unsafe UnsafeMutablePointer<Unmanaged<AnyObject>?>.allocate(
            capacity: segmentsMax)
        unsafe owners.initialize(repeating: nil, count: segmentsMax)
        return unsafe OutputBlock(
            arena: arena, segments: .allocate(capacity: segmentsMax), owners: owners)
    }

    func deallocate() {
        unsafe arena.deallocate()
        unsafe segments.deallocate()
        unsafe owners.deallocate()
    }
}

/// The output blocks that no stream of the loop needs just now.
///
/// A stream has a block only from its first append to the flush that ends the round, so one block,
/// warm in the processor's cache, serves nearly all streams of a loop.
@safe
final class OutputBlockPool {
    private static let sparesMax = 4
    private var spares: [OutputBlock] = unsafe []

    init() {
        unsafe spares.reserveCapacity(Self.sparesMax)
    }

    deinit {
        while let block = unsafe spares.popLast() { unsafe block.deallocate() }
    }

    func take() -> OutputBlock {
        if let block = unsafe spares.popLast() { return unsafe block }
        return unsafe .allocate()
    }

    func giveBack(_ block: OutputBlock) {
        if unsafe spares.count < Self.sparesMax {
            unsafe spares.append(block)
        } else {
            unsafe block.deallocate()
        }
    }
}
