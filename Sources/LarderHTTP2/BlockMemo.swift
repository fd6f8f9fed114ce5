/// Request header blocks that came before, with the lists that they were decoded to.
///
/// A block becomes a list by its bytes and by the decoder's table alone (RFC 7541). So a block that
/// leaves the table as it is, and comes again before anything has changed the table, is the same
/// list once more: it has passed all checks, and whatever was concluded from it holds again.
///
/// Lists have numbers that are never used twice. A list can be read until the next `receive`.
@safe
struct BlockMemo: ~Copyable {
    /// Blocks that are kept: a client uses few methods at a time.
    static let entryCount = 4
    /// Longer blocks and lists are not kept.
    static let blockBytesMax = 512
    static let listBytesMax = 1024
    static let listFieldsMax = 24

    /// Unknown blocks in a row after which the next `restBlocks` are not looked at: a client whose
    /// blocks differ every time (a deadline, say) should not pay for the looking.
    private static let missesMax = 8
    private static let restBlocks = 64

    // Owned by the memo, which allocates them with an entry's first list and frees them.
    @unsafe
    private struct Entry {
        /// 0: nothing was ever kept here.
        var number = 0
        /// 0: not to be found any more.
        var blockBytes = 0
        var listBytes = 0
        var fieldCount = 0
        /// An event of this receive points to the list.
        var isPinned = false
        /// The block, and from `blockBytesMax` on names and values.
        var bytes: UnsafeMutablePointer<UInt8>?
        var extents: UnsafeMutablePointer<FieldExtent>?
    }

    private let entries: UnsafeMutablePointer<Entry>
    private var isEmpty = true
    private var hasPins = false
    private var nextIndex = 0
    private var numberOfLists = 0
    private var missesInARow = 0
    private var restingBlocks = 0

    init() {
        unsafe entries = .allocate(capacity: Self.entryCount)
        unsafe entries.initialize(repeating: Entry(), count: Self.entryCount)
    }

    deinit {
        for index in 0..<Self.entryCount {
            unsafe entries[index].bytes?.deallocate()
            unsafe entries[index].extents?.deallocate()
        }
        unsafe entries.deallocate()
    }

    /// Lists that were found may be replaced from here on.
    mutating func beginReceive() {
        guard hasPins else { return }
        hasPins = false
        for index in 0..<Self.entryCount { unsafe entries[index].isPinned = false }
    }

    /// Lets go of all memory; there must be no events that point to lists.
    mutating func letGo() {
        for index in 0..<Self.entryCount {
            unsafe entries[index].bytes?.deallocate()
            unsafe entries[index].extents?.deallocate()
            unsafe entries[index] = unsafe Entry()
        }
        isEmpty = true
        hasPins = false
    }

    /// The decoder's table changes, or may change: no block is known any more.
    mutating func forget() {
        guard !isEmpty else { return }
        isEmpty = true
        for index in 0..<Self.entryCount { unsafe entries[index].blockBytes = 0 }
    }

    /// What the session has to do with a block.
    enum Finding {
        case known(HeaderRange)
        /// To be handed to `learn` when it has become a list.
        case learnable
        case passed
    }

    /// Looks at the next block that the decoder gets, before it gets it.
    mutating func look(_ block: UnsafeBufferPointer<UInt8>) -> Finding {
        if restingBlocks > 0 {
            restingBlocks -= 1
            return .passed
        }
        if !isEmpty, let found = unsafe find(block) { return .known(found) }
        missesInARow += 1
        if missesInARow > Self.missesMax {
            missesInARow = 0
            restingBlocks = Self.restBlocks
            forget()
            return .passed
        }
        guard block.count <= Self.blockBytesMax, unsafe HeaderBlockWalk.leavesTable(block) else {
            forget()
            return .passed
        }
        return .learnable
    }

    private mutating func find(_ block: UnsafeBufferPointer<UInt8>) -> HeaderRange? {
        guard let start = block.baseAddress else { return nil }
        for index in 0..<Self.entryCount {
            guard unsafe entries[index].blockBytes == block.count,
                let kept = unsafe entries[index].bytes,
                unsafe Self.areEqual(kept, start, count: block.count)
            else { continue }
            missesInARow = 0
            hasPins = true
            unsafe entries[index].isPinned = true
            return unsafe HeaderRange(
                learnt: entries[index].number, count: entries[index].fieldCount)
        }
        return nil
    }

    private static func areEqual(
        _ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, count: Int
    ) -> Bool {
        let wordBytes = 8
        var offset = 0
        while count - offset >= wordBytes {
            guard unsafe word(left + offset) == word(right + offset) else { return false }
            offset += wordBytes
        }
        while offset < count {
            guard unsafe left[offset] == right[offset] else { return false }
            offset += 1
        }
        return true
    }

    private static func word(_ bytes: UnsafePointer<UInt8>) -> UInt64 {
        unsafe UnsafeRawPointer(bytes).loadUnaligned(as: UInt64.self)
    }

    /// Keeps the list that a learnable block became, if there is room for it and it is a kind of
    /// request that `RepeatedRequest` can stand for.
    mutating func learn(
        _ block: UnsafeBufferPointer<UInt8>, _ range: HeaderRange, _ headers: borrowing HeaderStore
    ) {
        let list = headers.fields(range)
        guard let source = block.baseAddress, block.count <= Self.blockBytesMax,
            list.count <= Self.listFieldsMax, RepeatedRequest.canStandFor(list)
        else { return }
        var listBytes = 0
        for index in 0..<list.count {
            listBytes += list.name(index).count + list.value(index).count
        }
        guard listBytes <= Self.listBytesMax, let index = takeEntry() else { return }
        let bytes =
            unsafe entries[index].bytes
            ?? .allocate(capacity: Self.blockBytesMax + Self.listBytesMax)
        let extents = unsafe entries[index].extents ?? .allocate(capacity: Self.listFieldsMax)
        unsafe bytes.update(from: source, count: block.count)
        var end = Self.blockBytesMax
        for field in 0..<list.count {
            let name = list.name(field)
            let value = list.value(field)
            unsafe extents[field] = FieldExtent(
                offset: UInt32(end), nameBytes: UInt32(name.count), valueBytes: UInt32(value.count))
            for offset in 0..<name.count { unsafe bytes[end + offset] = name[offset] }
            end += name.count
            for offset in 0..<value.count { unsafe bytes[end + offset] = value[offset] }
            end += value.count
        }
        numberOfLists += 1
        // The number tells the entry.
        unsafe entries[index] = unsafe Entry(
            number: numberOfLists * Self.entryCount + index, blockBytes: block.count,
            listBytes: listBytes, fieldCount: list.count, bytes: bytes, extents: extents)
        isEmpty = false
    }

    /// The entry that is replaced next: none that an event points to.
    private mutating func takeEntry() -> Int? {
        for _ in 0..<Self.entryCount {
            let index = nextIndex
            nextIndex = (nextIndex + 1) % Self.entryCount
            if unsafe !entries[index].isPinned { return index }
        }
        return nil
    }

    /// A list that was found in this receive; an empty one stands for any other.
    @_lifetime(borrow self)
    func fields(_ range: HeaderRange) -> HeaderFields {
        let index = range.learnt % Self.entryCount
        let isKept = unsafe entries[index].number == range.learnt
        let byteCount = unsafe isKept ? Self.blockBytesMax + entries[index].listBytes : 0
        let fieldCount = unsafe isKept ? entries[index].fieldCount : 0
        let bytes = unsafe Span(
            _unsafeElements: UnsafeBufferPointer(start: entries[index].bytes, count: byteCount))
        let extents = unsafe Span(
            _unsafeElements: UnsafeBufferPointer(start: entries[index].extents, count: fieldCount))
        return unsafe _overrideLifetime(
            HeaderFields(bytes: bytes, extents: extents), borrowing: self)
    }
}
