internal import CNghttp2

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The small blocks that nghttp2 takes and gives back for every stream and frame, kept for the next
/// one in lists by size. For the sessions of one thread: nothing here is locked.
///
/// A session keeps its memory alive. What is kept is bounded by `keptBytesMax`; blocks over
/// `pooledBytesMax` are the system's.
@safe
package final class SessionMemory {
    /// Of all blocks that wait for their next use.
    package static let keptBytesMax = 1 << 20

    private let lists: UnsafeMutablePointer<BlockLists>

    package init() {
        unsafe lists = .allocate(capacity: 1)
        unsafe lists.initialize(to: BlockLists())
    }

    deinit {
        unsafe lists.pointee.freeAll()
        unsafe lists.deinitialize(count: 1)
        unsafe lists.deallocate()
    }

    /// The bytes that wait for their next use.
    package var keptBytes: Int { unsafe lists.pointee.keptBytes }

    /// Gives them back to the system's allocator.
    package func letGo() { unsafe lists.pointee.freeAll() }

    /// What nghttp2 is told; valid as long as this object.
    var functions: nghttp2_mem {
        unsafe nghttp2_mem(
            mem_user_data: lists, malloc: takeBlock, free: giveBlock, calloc: takeZeroedBlock,
            realloc: resizeBlock)
    }
}

/// How blocks are cut: classes of whole `classBytes`.
private enum BlockSize {
    static let classCount = 16
    static let classBytes = 64
    static let headBytes = 8
    /// The class of blocks that belong to the system.
    static let unpooled = 0

    /// The class that holds `bytes` and a head; `unpooled` if none does.
    @inline(__always)
    static func sizeClass(_ bytes: Int) -> Int {
        guard UInt(bitPattern: bytes) <= UInt(pooledBytesMax) else { return unpooled }
        return (bytes + headBytes + classBytes - 1) / classBytes
    }

    /// The longest that a block of the last class holds.
    private static let pooledBytesMax = (classCount - 1) * classBytes - headBytes
}

/// Free blocks by size, each list linked through the blocks themselves.
///
/// A block begins with its class in 8 bytes, which stays there; nghttp2 gets what is behind them,
/// which is aligned for pointers and 64-bit numbers, the largest things it stores.
@unsafe
private struct BlockLists {
    /// What nghttp2 gets of the first free block of each class; there lies what follows it.
    var first = unsafe InlineArray<16, UnsafeMutableRawPointer?>(repeating: nil)
    var keptBytes = 0

    @inline(__always)
    mutating func take(_ bytes: Int) -> UnsafeMutableRawPointer? {
        let sizeClass = BlockSize.sizeClass(bytes)
        guard sizeClass != BlockSize.unpooled, let kept = unsafe first[sizeClass] else {
            return unsafe Self.makeBlock(bytes, sizeClass)
        }
        unsafe first[sizeClass] = kept.load(as: UnsafeMutableRawPointer?.self)
        // What is kept was counted when it was given.
        unsafe keptBytes &-= sizeClass * BlockSize.classBytes
        return unsafe kept
    }

    @inline(never)
    private static func makeBlock(_ bytes: Int, _ sizeClass: Int) -> UnsafeMutableRawPointer? {
        let wanted =
            sizeClass == BlockSize.unpooled
            ? bytes.addingReportingOverflow(BlockSize.headBytes)
            : (partialValue: sizeClass * BlockSize.classBytes, overflow: false)
        guard !wanted.overflow, let block = unsafe malloc(wanted.partialValue) else { return nil }
        unsafe block.storeBytes(of: sizeClass, as: Int.self)
        return unsafe block + BlockSize.headBytes
    }

    @inline(__always)
    mutating func give(_ memory: UnsafeMutableRawPointer) {
        let block = unsafe memory - BlockSize.headBytes
        let sizeClass = unsafe block.load(as: Int.self)
        let bytes = sizeClass * BlockSize.classBytes
        guard sizeClass != BlockSize.unpooled,
            unsafe keptBytes + bytes <= SessionMemory.keptBytesMax
        else { return unsafe free(block) }
        unsafe memory.storeBytes(of: first[sizeClass], as: UnsafeMutableRawPointer?.self)
        unsafe first[sizeClass] = unsafe memory
        unsafe keptBytes += bytes
    }

    /// The bytes that nghttp2 may use of a block; nil for the system's.
    static func room(_ memory: UnsafeMutableRawPointer) -> Int? {
        let sizeClass = unsafe (memory - BlockSize.headBytes).load(as: Int.self)
        return sizeClass == BlockSize.unpooled
            ? nil : sizeClass * BlockSize.classBytes - BlockSize.headBytes
    }

    mutating func freeAll() {
        for sizeClass in 0..<BlockSize.classCount {
            while let memory = unsafe first[sizeClass] {
                unsafe first[sizeClass] = memory.load(as: UnsafeMutableRawPointer?.self)
                unsafe free(memory - BlockSize.headBytes)
            }
        }
        unsafe keptBytes = 0
    }
}

// MARK: nghttp2's side. Each finds the lists and calls one method.

private func takeBlock(
    _ size: Int, _ context: UnsafeMutableRawPointer?
) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    return unsafe context.assumingMemoryBound(to: BlockLists.self).pointee.take(size)
}

private func giveBlock(_ memory: UnsafeMutableRawPointer?, _ context: UnsafeMutableRawPointer?) {
    guard let memory = unsafe memory, let context = unsafe context else { return }
    unsafe context.assumingMemoryBound(to: BlockLists.self).pointee.give(memory)
}

private func takeZeroedBlock(
    _ count: Int, _ size: Int, _ context: UnsafeMutableRawPointer?
) -> UnsafeMutableRawPointer? {
    let (bytes, isTooMuch) = count.multipliedReportingOverflow(by: size)
    guard !isTooMuch, let memory = unsafe takeBlock(bytes, context) else { return nil }
    unsafe memset(memory, 0, bytes)
    return unsafe memory
}

private func resizeBlock(
    _ memory: UnsafeMutableRawPointer?, _ size: Int, _ context: UnsafeMutableRawPointer?
) -> UnsafeMutableRawPointer? {
    guard let memory = unsafe memory else { return unsafe takeBlock(size, context) }
    guard let room = unsafe BlockLists.room(memory) else {
        let (bytes, isTooMuch) = size.addingReportingOverflow(BlockSize.headBytes)
        let block = unsafe memory - BlockSize.headBytes
        guard !isTooMuch, let moved = unsafe realloc(block, bytes) else { return nil }
        return unsafe moved + BlockSize.headBytes
    }
    if size <= room { return unsafe memory }
    guard let larger = unsafe takeBlock(size, context) else { return nil }
    unsafe larger.copyMemory(from: memory, byteCount: room)
    unsafe giveBlock(memory, context)
    return unsafe larger
}
