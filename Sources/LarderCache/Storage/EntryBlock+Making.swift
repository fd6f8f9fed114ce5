internal import LarderPages
internal import Synchronization

// How an entry comes into being.
extension EntryBlock {
    /// A new entry with one reference, its value made of two parts, copied.
    package static func make(
        in arena: borrowing EntryArena, key: Span<UInt8>, value: Span<UInt8>,
        tail: Span<UInt8> = Span(), flags: UInt32, mayExpire: Bool = false,
        idleNanosMax: UInt64? = nil, isWide: Bool = false
    ) -> EntryBlock {
        let plan = Plan(
            keyBytes: key.count, valueBytes: value.count + tail.count, flags: flags,
            mayExpire: mayExpire, idleNanosMax: idleNanosMax, isWide: isWide)
        let block = unsafe arena.allocate(bytes: plan.cellBytes) { unsafe plan.begin(at: $0) }
        block.finish(plan)
        block.fill(key: key, value: value, tail: tail)
        return block
    }

    /// A new entry whose key and value are parts of `run`, of which the entry takes over the pages
    /// that the value lies in. The value has to be too large for a cell.
    static func make(
        in arena: borrowing EntryArena, takingOver run: inout PageRun, key: Range<Int>,
        value: Range<Int>, flags: UInt32, mayExpire: Bool, idleNanosMax: UInt64?, isWide: Bool
    ) -> EntryBlock {
        let plan = Plan(
            keyBytes: key.count, valueBytes: value.count, flags: flags, mayExpire: mayExpire,
            idleNanosMax: idleNanosMax, isWide: isWide)
        precondition(!plan.holdsValue, "a value that fits into a cell has no pages")
        let block = unsafe arena.allocate(bytes: plan.cellBytes) { unsafe plan.begin(at: $0) }
        block.finish(plan)
        // The key may lie in pages that go.
        unsafe block.fill(key: run.bytes.extracting(key), pointingTo: run.address(of: value))
        unsafe run.giveUp(keeping: value)
        return block
    }

    /// A new entry in a cell that was kept, if there is one of its size.
    static func make(
        in arena: borrowing EntryArena, cells: inout KeptCells, key: Span<UInt8>,
        value: Span<UInt8>, flags: UInt32, mayExpire: Bool, isWide: Bool
    ) -> EntryBlock {
        let plan = Plan(
            keyBytes: key.count, valueBytes: value.count, flags: flags, mayExpire: mayExpire,
            idleNanosMax: nil, isWide: isWide)
        let block: EntryBlock
        if let cell = cells.take(bytes: plan.cellBytes) {
            block = unsafe plan.begin(at: cell.memory)
        } else {
            block = unsafe arena.allocate(bytes: plan.cellBytes) {
                unsafe plan.begin(at: $0)
            }
        }
        block.finish(plan)
        block.fill(key: key, value: value, tail: Span())
        return block
    }

    /// What has to be known of an entry before it is there.
    private struct Plan {
        let shape: EntryShape
        let keyCount: UInt16
        let valueCount: UInt32
        let cellBytes: Int
        let holdsValue: Bool
        let flags: UInt32
        let idleNanosMax: UInt64?

        @inline(__always)
        init(
            keyBytes: Int, valueBytes: Int, flags: UInt32, mayExpire: Bool, idleNanosMax: UInt64?,
            isWide: Bool
        ) {
            guard let keyCount = UInt16(exactly: keyBytes),
                let valueCount = UInt32(exactly: valueBytes)
            else { preconditionFailure("key and value were checked against their limits") }
            self.keyCount = keyCount
            self.valueCount = valueCount
            self.flags = flags
            self.idleNanosMax = idleNanosMax
            shape = EntryShape(
                hasFlags: flags != 0, hasTimer: mayExpire, hasIdleTime: idleNanosMax != nil,
                isWide: isWide
            ).holding(keyBytes: keyBytes, valueBytes: UInt64(valueBytes))
            let cell = EntryCharge.cell(
                keyBytes: keyBytes, valueBytes: valueBytes, headBytes: shape.headBytes)
            cellBytes = Int(cell.bytes)
            holdsValue = cell.holdsValue
        }

        /// Writes a header, which tells whoever walks over the cells how long this one is.
        @unsafe
        @inline(__always)
        func begin(at memory: UnsafeMutableRawPointer) -> EntryBlock {
            let keyStart =
                UInt8(shape.headBytes) | (shape.isWide ? EntryHeader.wideMark : 0)
                | (holdsValue ? 0 : EntryHeader.pagedMark)
            let header = unsafe memory.bindMemory(to: EntryHeader.self, capacity: 1)
            unsafe header.initialize(
                to: EntryHeader(
                    state: Atomic(1), next: 0, previous: 0, standing: 0, stampLow: 0,
                    stampHigh: 0, valueBytesLow: UInt16(truncatingIfNeeded: valueCount),
                    valueBytesMiddle: UInt8(truncatingIfNeeded: valueCount &>> 16),
                    keyBytesLow: UInt8(truncatingIfNeeded: keyCount), listIndex: noList,
                    keyStart: keyStart))
            return unsafe EntryBlock(cell: memory)
        }
    }

    /// Fills in what follows the header.
    @inline(__always)
    private func finish(_ plan: Plan) {
        let shape = plan.shape
        if shape.isWide {
            width = EntryWidth(
                version: 0, stampTop: 0, keyBytesHigh: UInt8(plan.keyCount &>> 8),
                valueBytesHigh: UInt8(plan.valueCount &>> 24))
        }
        if shape.hasFlags || shape.hasTimer {
            unsafe (memory + EntryHeader.flagsStart).storeBytes(of: plan.flags, as: UInt32.self)
        }
        if shape.hasTimer {
            let part = unsafe (memory + EntryHeader.timerStart).bindMemory(
                to: EntryTimer.self, capacity: 1)
            unsafe part.initialize(
                to: EntryTimer(
                    expiresAt: Atomic(Self.neverExpires), previous: 0, next: 0, slot: Self.noTimer))
        }
        if shape.hasIdleTime {
            let part = unsafe (memory + EntryHeader.idleTimeStart).bindMemory(
                to: EntryIdleTime.self, capacity: 1)
            unsafe part.initialize(
                to: EntryIdleTime(usedAt: Atomic(0), nanosMax: plan.idleNanosMax ?? .max))
        }
    }

    private func fill(key: Span<UInt8>, value: Span<UInt8>, tail: Span<UInt8>) {
        let start = unsafe memory + headBytes
        unsafe key.copy(to: start)
        var target = unsafe start + key.count
        if hasPages {
            let pages = unsafe EntryArena.takePages(bytes: valueBytes, for: memory)
            unsafe target.storeBytes(of: UInt(bitPattern: pages), as: UInt.self)
            unsafe target = unsafe pages
        }
        unsafe value.copy(to: target)
        unsafe tail.copy(to: target + value.count)
    }

    /// As `fill`, but for the value: it begins at `value`.
    @unsafe
    private func fill(key: Span<UInt8>, pointingTo value: UnsafeMutableRawPointer) {
        let start = unsafe memory + headBytes
        unsafe key.copy(to: start)
        unsafe (start + key.count).storeBytes(of: UInt(bitPattern: value), as: UInt.self)
    }
}
