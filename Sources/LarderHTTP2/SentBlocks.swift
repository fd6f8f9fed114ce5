/// Header blocks that went out before, with the bytes that the library made of them.
///
/// A block becomes bytes by its fields and by the encoder's table alone (RFC 7541). So bytes that
/// left the table as it is say the same once more, as long as no other block has changed it and the
/// peer has not asked for another size of it. Everlasting blocks alone are kept: they are told by
/// where they lie (`HeaderBlock.key`).
@safe
struct SentBlocks: ~Copyable {
    /// Blocks that are kept: those of answers that went well, in a way of compression or two.
    private static let entryCount = 4
    /// Longer ones are not kept.
    private static let blockBytesMax = 48

    // The bytes lie `blockBytesMax` apart in `bytes`.
    @unsafe
    private struct Entry {
        var key: HeaderBlock.Key?
        var byteCount = 0
    }

    private let entries: UnsafeMutablePointer<Entry>
    private let bytes: UnsafeMutablePointer<UInt8>
    private var nextIndex = 0

    init() {
        unsafe entries = .allocate(capacity: Self.entryCount)
        unsafe entries.initialize(repeating: Entry(), count: Self.entryCount)
        unsafe bytes = .allocate(capacity: Self.entryCount * Self.blockBytesMax)
        unsafe bytes.initialize(repeating: 0, count: Self.entryCount * Self.blockBytesMax)
    }

    deinit {
        unsafe entries.deallocate()
        unsafe bytes.deallocate()
    }

    /// The encoder's table changes, or may change: no bytes are known any more.
    mutating func forget() {
        for index in 0..<Self.entryCount { unsafe entries[index].key = nil }
    }

    /// The bytes of a block, until the next change.
    func find(_ block: HeaderBlock) -> UnsafeBufferPointer<UInt8>? {
        guard let key = unsafe block.key else { return nil }
        return unsafe find(key)
    }

    private func find(_ key: HeaderBlock.Key) -> UnsafeBufferPointer<UInt8>? {
        for index in 0..<Self.entryCount where unsafe entries[index].key == key {
            return unsafe UnsafeBufferPointer(
                start: bytes + index * Self.blockBytesMax, count: entries[index].byteCount)
        }
        return nil
    }

    /// Keeps the bytes of a block that were just sent and leave the table as it is.
    mutating func learn(_ key: HeaderBlock.Key, _ sent: UnsafeBufferPointer<UInt8>) {
        guard sent.count <= Self.blockBytesMax, let source = sent.baseAddress,
            unsafe find(key) == nil
        else { return }
        let index = nextIndex
        nextIndex = (nextIndex + 1) % Self.entryCount
        unsafe (bytes + index * Self.blockBytesMax).update(from: source, count: sent.count)
        unsafe entries[index] = Entry(key: key, byteCount: sent.count)
    }
}
