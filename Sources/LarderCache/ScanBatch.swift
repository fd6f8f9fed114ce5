/// The items that one step of a scan found, held until the batch is cleared or ends.
///
/// Made to be used again: clearing keeps the memory.
package struct ScanBatch: ~Copyable, Sendable {
    private var blocks: [EntryBlock] = []
    /// Bytes of the keys and values held.
    package private(set) var bytes: UInt64 = 0

    package init() {}

    deinit {
        for block in blocks { block.release() }
    }

    package var count: Int { blocks.count }

    /// Lets go of everything.
    package mutating func clear() {
        for block in blocks { block.release() }
        blocks.removeAll(keepingCapacity: true)
        bytes = 0
    }

    /// A hold of its own on the item at `index`.
    package func reference(at index: Int) -> EntryReference {
        let block = blocks[index]
        block.retain()
        return EntryReference(owning: block)
    }

    /// Holds one more.
    mutating func append(_ block: EntryBlock) {
        block.retain()
        blocks.append(block)
        bytes += UInt64(block.keyBytes) + UInt64(block.valueBytes)
    }
}
