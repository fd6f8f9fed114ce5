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
package final class OutputBlockPool {
    private static let sparesMax = 4
    // Not an array: every flush comes by here, and an array in a class costs it two checks for
    // exclusive access.
    private let spares: UnsafeMutablePointer<OutputBlock>
    private var spareCount = 0

    package init() {
        unsafe spares = .allocate(capacity: Self.sparesMax)
    }

    deinit {
        letGo()
        unsafe spares.deallocate()
    }

    /// Frees those that are kept.
    func letGo() {
        while spareCount > 0 {
            spareCount -= 1
            unsafe spares[spareCount].deallocate()
        }
    }

    func take() -> OutputBlock {
        guard spareCount > 0 else { return unsafe .allocate() }
        spareCount -= 1
        return unsafe spares[spareCount]
    }

    func giveBack(_ block: OutputBlock) {
        guard spareCount < Self.sparesMax else { return unsafe block.deallocate() }
        unsafe (spares + spareCount).initialize(to: block)
        spareCount += 1
    }
}
