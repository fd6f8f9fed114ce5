/// Request header blocks that came before, with the lists that they were decoded to.
///
/// A block becomes a list by its bytes and by the decoder's table alone (RFC 7541). So a block that
/// comes again before anything has changed the table is the same list once more: it has passed all
/// checks, and whatever was concluded from it holds again. When the table has changed, or the one
/// field differs that may (a deadline, say), the block is spelt as a `BlockKey` to be found.
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
    /// blocks differ every time should not pay for the looking.
    private static let missesMax = 8
    private static let restBlocks = 64

    // Owned by the memo, which allocates them with an entry's first list and frees them.
    @unsafe
    private struct Entry {
        /// 0: nothing was ever kept here.
        var number = 0
        /// 0: not to be found any more.
        var blockBytes = 0
        /// How many fields had been added to the table when the block was seen.
        var addedCount = 0
        var keyBytes = 0
        var listBytes = 0
        var fieldCount = 0
        /// The field that may differ, and what it was in the block.
        var varying: (index: Int, value: ShortText)?
        /// An event of this receive points to the list.
        var isPinned = false
        /// The block, from `keyStart` on its key, from `listStart` on names and values.
        var bytes: UnsafeMutablePointer<UInt8>?
        var extents: UnsafeMutablePointer<FieldExtent>?
    }

    private static let keyStart = blockBytesMax
    private static let listStart = keyStart + BlockKey.bytesMax

    private let entries: UnsafeMutablePointer<Entry>
    private var added = AddedFields()
    private var key: BlockKey
    /// What the field that may differ is in the lists that were found in this receive.
    private var values = ShortTexts()
    private var isEmpty = true
    private var hasPins = false
    private var nextIndex = 0
    private var numberOfLists = 0
    private var missesInARow = 0
    private var restingBlocks = 0

    init(varyingField: VaryingField?) {
        key = BlockKey(varyingField: varyingField)
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
        values.clear()
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
        added.letGo()
        key.letGo()
        values.letGo()
    }

    /// The decoder's table has changed, or may have, and nobody knows how: no block is known any
    /// more.
    mutating func forget() {
        added.forget()
        guard !isEmpty else { return }
        isEmpty = true
        for index in 0..<Self.entryCount { unsafe entries[index].blockBytes = 0 }
    }

    /// What the session has to do with a block.
    enum Finding {
        /// What stands at `added` in the block is added to the decoder's table all the same, and
        /// `tableChanged` is to be called then.
        case known(HeaderRange, added: Range<Int>?)
        /// To be handed to `learn` when the decoder has had it.
        case learnable
        case passed
    }

    /// Looks at the next block that the decoder gets, before it gets it.
    mutating func look(_ block: UnsafeBufferPointer<UInt8>) -> Finding {
        if restingBlocks > 0 {
            restingBlocks -= 1
            return .passed
        }
        if !isEmpty, let index = unsafe find(block) {
            return unsafe .known(take(index, entries[index].varying?.value), added: nil)
        }
        let isUnderstood = unsafe key.spell(block, added)
        if isUnderstood, key.isWhole, key.isSure, !isEmpty, let index = findKey() {
            if key.addedVarying != nil { added.add(bytes: key.varyingBytes, varying: key.varying) }
            return .known(take(index, key.varying), added: key.addedVarying)
        }
        missesInARow += 1
        if missesInARow > Self.missesMax {
            missesInARow = 0
            restingBlocks = Self.restBlocks
            forget()
            return .passed
        }
        guard isUnderstood else {
            forget()
            return .passed
        }
        return .learnable
    }

    /// The entry of the same block, if it means the same.
    private func find(_ block: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let start = block.baseAddress else { return nil }
        for index in 0..<Self.entryCount {
            guard unsafe entries[index].blockBytes == block.count,
                unsafe entries[index].addedCount == added.count,
                let kept = unsafe entries[index].bytes,
                unsafe Self.areEqual(kept, start, count: block.count)
            else { continue }
            return index
        }
        return nil
    }

    private func findKey() -> Int? {
        guard let start = unsafe key.bytes.baseAddress else { return nil }
        let count = unsafe key.bytes.count
        for index in 0..<Self.entryCount {
            guard unsafe entries[index].keyBytes == count, unsafe entries[index].blockBytes > 0,
                let kept = unsafe entries[index].bytes,
                unsafe Self.areEqual(kept + Self.keyStart, start, count: count)
            else { continue }
            return index
        }
        return nil
    }

    /// An entry's list, for an event.
    private mutating func take(_ index: Int, _ varying: ShortText?) -> HeaderRange {
        missesInARow = 0
        hasPins = true
        unsafe entries[index].isPinned = true
        return unsafe HeaderRange(
            learnt: entries[index].number, count: entries[index].fieldCount,
            varying: varying.map { values.append($0) } ?? 0)
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

    /// The decoder has had a known block's addition, and its table has so many bytes now.
    mutating func tableChanged(bytes: Int) { added.tableBytes = bytes }

    /// Hears what a learnable block became, nil if it was no request or not a good one, and how many
    /// bytes the decoder's table has now.
    ///
    /// The list is kept if there is room for it and it is a kind of request that `RepeatedRequest`
    /// can stand for.
    mutating func learn(
        _ block: UnsafeBufferPointer<UInt8>, _ range: HeaderRange?,
        _ headers: borrowing HeaderStore, tableBytes: Int
    ) {
        let countBefore = added.count
        if key.isAdding {
            guard let range, unsafe noteAdded(block, headers.fields(range)) else { return forget() }
        }
        added.tableBytes = tableBytes
        guard let range, key.isWhole else { return }
        let list = headers.fields(range)
        guard let source = block.baseAddress, block.count <= Self.blockBytesMax,
            list.count <= Self.listFieldsMax, RepeatedRequest.canStandFor(list)
        else { return }
        var listBytes = 0
        var varying: (index: Int, value: ShortText)?
        for index in 0..<list.count {
            listBytes += list.name(index).count + list.value(index).count
            guard key.isVaryingName(list.name(index)) else { continue }
            guard varying == nil, let value = key.varying else { return }
            varying = (index, value)
        }
        guard listBytes <= Self.listBytesMax, (varying == nil) == (key.varying == nil),
            headers.holds(fields: list.count, bytes: listBytes + ShortText.countMax),
            let index = takeEntry()
        else { return }
        let bytes =
            unsafe entries[index].bytes ?? .allocate(capacity: Self.listStart + Self.listBytesMax)
        let extents = unsafe entries[index].extents ?? .allocate(capacity: Self.listFieldsMax)
        unsafe bytes.update(from: source, count: block.count)
        if let start = unsafe key.bytes.baseAddress {
            unsafe (bytes + Self.keyStart).update(from: start, count: key.bytes.count)
        }
        var end = Self.listStart
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
            addedCount: countBefore, keyBytes: key.bytes.count, listBytes: listBytes,
            fieldCount: list.count, varying: varying, bytes: bytes, extents: extents)
        isEmpty = false
    }

    /// Notes what the block added to the table, by the list that it became; false: they are not the
    /// same fields.
    private mutating func noteAdded(
        _ block: UnsafeBufferPointer<UInt8>, _ list: borrowing HeaderFields
    ) -> Bool {
        var walk = unsafe HeaderBlockWalk(block)
        var index = 0
        while !walk.isOver {
            guard let field = walk.next(), index < list.count else { return false }
            if field.kind == .added {
                let name = list.name(index)
                let value = list.value(index)
                added.add(
                    bytes: AddedFields.bytes(name: name.count, value: value.count),
                    varying: key.isVaryingName(name) ? ShortText(value) : nil)
            }
            index += 1
        }
        return index == list.count
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
        let byteCount = unsafe isKept ? Self.listStart + entries[index].listBytes : 0
        let fieldCount = unsafe isKept ? entries[index].fieldCount : 0
        let bytes = unsafe Span(
            _unsafeElements: UnsafeBufferPointer(start: entries[index].bytes, count: byteCount))
        let extents = unsafe Span(
            _unsafeElements: UnsafeBufferPointer(start: entries[index].extents, count: fieldCount))
        let varyingIndex = unsafe isKept && range.varying > 0 ? entries[index].varying?.index : nil
        let fields = HeaderFields(
            bytes: bytes, extents: extents, varyingIndex: varyingIndex ?? -1,
            varying: values.text(range.varying))
        return unsafe _overrideLifetime(fields, borrowing: self)
    }
}
