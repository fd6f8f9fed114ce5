/// The fields of one header list inside its session's store. Valid until the next `receive`.
package struct HeaderRange: Sendable, Equatable {
    let first: Int
    private let fieldCount: Int32
    /// Where the value is that the list has in the place of the one that may differ; 0: nowhere.
    let varying: Int32

    package var count: Int { Int(fieldCount) }

    init(first: Int, count: Int, varying: Int32 = 0) {
        self.first = first
        fieldCount = Int32(clamping: count)
        self.varying = varying
    }

    init(learnt: Int, count: Int, varying: Int32) {
        self.init(first: -learnt, count: count, varying: varying)
    }

    /// Not 0: all lists of the session with this number are equal, so that what was concluded from
    /// one holds for another. 0: nothing is known of the list.
    package var learnt: Int { first < 0 ? -first : 0 }

    /// All lists of that number have the field that may differ, and it may.
    package var isVarying: Bool { varying > 0 }

    /// The remainders of consecutive numbers: where to keep what was concluded, so that the lists
    /// that are in use have a place each.
    package static var learntPlaces: Int { BlockMemo.entryCount }
}

/// Where one field lies in the store: the name at `offset`, the value right behind it.
@usableFromInline
package struct FieldExtent {
    @usableFromInline var offset: UInt32
    @usableFromInline var nameBytes: UInt32
    @usableFromInline var valueBytes: UInt32

    init(offset: UInt32, nameBytes: UInt32, valueBytes: UInt32) {
        self.offset = offset
        self.nameBytes = nameBytes
        self.valueBytes = valueBytes
    }
}

/// A borrowed view of one header list: names and values as spans, in the order received.
package struct HeaderFields: ~Copyable, ~Escapable {
    @usableFromInline let bytes: Span<UInt8>
    @usableFromInline let extents: Span<FieldExtent>
    /// The field whose value stands elsewhere; -1: none.
    @usableFromInline let varyingIndex: Int
    /// What the field is that may differ in lists of one number.
    package let varying: Span<UInt8>

    @_lifetime(copy bytes, copy extents, copy varying)
    init(
        bytes: Span<UInt8>, extents: Span<FieldExtent>, varyingIndex: Int = -1,
        varying: Span<UInt8> = Span()
    ) {
        self.bytes = bytes
        self.extents = extents
        self.varyingIndex = varyingIndex
        self.varying = varying
    }

    @inlinable package var count: Int { extents.count }

    @inlinable
    @_lifetime(copy self)
    package func name(_ index: Int) -> Span<UInt8> {
        let extent = extents[index]
        let start = Int(extent.offset)
        return bytes.extracting(start..<(start + Int(extent.nameBytes)))
    }

    @inlinable
    @_lifetime(copy self)
    package func value(_ index: Int) -> Span<UInt8> {
        if index == varyingIndex { return varying }
        let extent = extents[index]
        let start = Int(extent.offset) + Int(extent.nameBytes)
        return bytes.extracting(start..<(start + Int(extent.valueBytes)))
    }
}

/// The header lists of one receive, one after the other, in memory that is used again and again.
///
/// HPACK lets a peer name large fields with one byte each, so every bound is on what comes out of
/// the decoder: the fields and bytes of one list, and the bytes of all lists of one receive.
@safe
struct HeaderStore: ~Copyable {
    /// Name, value and overhead of all lists that one receive may leave behind.
    static let storeBytesMax = 4 << 20
    private static let keptBytes = 64 << 10
    private static let keptFields = 4096
    private static let firstBytes = 256
    private static let firstFields = 16
    /// What HTTP/2 adds to name and value when it counts a header list.
    private static let fieldOverheadBytes = 32

    private let listBytesMax: Int
    private let listFieldsMax: Int
    private var base: UnsafeMutablePointer<UInt8>
    private var byteCapacity = firstBytes
    private var byteCount = 0
    private var extents: UnsafeMutablePointer<FieldExtent>
    private var fieldCapacity = firstFields
    private var fieldCount = 0

    // The list in progress; it may be carried over to the next receive.
    private var listFirstField = 0
    private var listFirstByte = 0
    private var listBytes = 0
    private var isListTooLarge = false
    private var isListOpen = false

    init(listBytesMax: Int, listFieldsMax: Int) {
        self.listBytesMax = listBytesMax
        self.listFieldsMax = listFieldsMax
        unsafe base = .allocate(capacity: byteCapacity)
        unsafe extents = .allocate(capacity: fieldCapacity)
    }

    deinit {
        unsafe base.deallocate()
        unsafe extents.deallocate()
    }

    /// Forgets the finished lists; one in progress moves to the front.
    mutating func beginReceive() {
        guard isListOpen else {
            byteCount = 0
            fieldCount = 0
            shrink()
            return
        }
        guard listFirstField > 0 else { return }
        let kept = fieldCount - listFirstField
        unsafe extents.update(from: extents + listFirstField, count: kept)
        unsafe base.update(from: base + listFirstByte, count: byteCount - listFirstByte)
        for index in 0..<kept { unsafe extents[index].offset -= UInt32(listFirstByte) }
        byteCount -= listFirstByte
        fieldCount = kept
        listFirstField = 0
        listFirstByte = 0
    }

    /// Starts a list. One that was left unfinished (its stream was reset half-way) is dropped.
    mutating func beginList() {
        if isListOpen { dropList() }
        listFirstField = fieldCount
        listFirstByte = byteCount
        listBytes = 0
        isListTooLarge = false
        isListOpen = true
    }

    mutating func append(name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) {
        guard isListOpen, !isListTooLarge else { return }
        // Each is at most 64 KiB: the decoder refuses more.
        let bytes = name.count + value.count
        listBytes += bytes + Self.fieldOverheadBytes
        guard fieldCount - listFirstField < listFieldsMax, listBytes <= listBytesMax,
            byteCount + fieldCount * Self.fieldOverheadBytes + bytes <= Self.storeBytesMax
        else {
            dropList()
            isListOpen = true
            isListTooLarge = true
            return
        }
        if byteCount + bytes > byteCapacity { growBytes(by: bytes) }
        if fieldCount == fieldCapacity { growFields() }
        if let start = name.baseAddress {
            unsafe (base + byteCount).update(from: start, count: name.count)
        }
        if let start = value.baseAddress {
            unsafe (base + byteCount + name.count).update(from: start, count: value.count)
        }
        unsafe extents[fieldCount] = FieldExtent(
            offset: UInt32(byteCount), nameBytes: UInt32(name.count),
            valueBytes: UInt32(value.count))
        byteCount += bytes
        fieldCount += 1
    }

    /// Whether a list of so many fields and bytes is within its bounds.
    func holds(fields: Int, bytes: Int) -> Bool {
        fields <= listFieldsMax && bytes + fields * Self.fieldOverheadBytes <= listBytesMax
    }

    /// Closes the list. Nil: it was over its bounds and is gone.
    mutating func endList() -> HeaderRange? {
        isListOpen = false
        if isListTooLarge { return nil }
        return HeaderRange(first: listFirstField, count: fieldCount - listFirstField)
    }

    /// True if the list just closed begins with a `:status` of 1xx.
    func isInterim(_ range: HeaderRange) -> Bool {
        guard range.count > 0, range.first < fieldCount else { return false }
        let extent = unsafe extents[range.first]
        guard extent.nameBytes == 7, extent.valueBytes == 3 else { return false }
        let start = unsafe base + Int(extent.offset)
        return unsafe start[1] == UInt8(ascii: "s") && start[7] == UInt8(ascii: "1")
    }

    /// The list just closed is of no interest to anyone.
    mutating func dropList() {
        fieldCount = listFirstField
        byteCount = listFirstByte
        isListOpen = false
    }

    @_lifetime(borrow self)
    func fields(_ range: HeaderRange) -> HeaderFields {
        precondition(range.first + range.count <= fieldCount, "a header range outlived its receive")
        let bytes = unsafe Span(_unsafeStart: base, count: byteCount)
        let found = unsafe Span(_unsafeStart: extents + range.first, count: range.count)
        return unsafe _overrideLifetime(
            HeaderFields(bytes: bytes, extents: found), borrowing: self)
    }

    private mutating func growBytes(by count: Int) {
        var grownCapacity = byteCapacity * 2
        while grownCapacity < byteCount + count { grownCapacity *= 2 }
        let grown = UnsafeMutablePointer<UInt8>.allocate(capacity: grownCapacity)
        unsafe grown.update(from: base, count: byteCount)
        unsafe base.deallocate()
        unsafe base = grown
        byteCapacity = grownCapacity
    }

    private mutating func growFields() {
        let grown = UnsafeMutablePointer<FieldExtent>.allocate(capacity: fieldCapacity * 2)
        unsafe grown.update(from: extents, count: fieldCount)
        unsafe extents.deallocate()
        unsafe extents = grown
        fieldCapacity *= 2
    }

    private mutating func shrink() {
        if byteCapacity > Self.keptBytes { shrinkBytes() }
        if fieldCapacity > Self.keptFields { shrinkFields() }
    }

    /// Lets go of memory that is kept for later, if no list is coming in.
    mutating func letGo() {
        guard !isListOpen else { return }
        byteCount = 0
        fieldCount = 0
        if byteCapacity > Self.firstBytes { shrinkBytes() }
        if fieldCapacity > Self.firstFields { shrinkFields() }
    }

    private mutating func shrinkBytes() {
        unsafe base.deallocate()
        byteCapacity = Self.firstBytes
        unsafe base = .allocate(capacity: byteCapacity)
    }

    private mutating func shrinkFields() {
        unsafe extents.deallocate()
        fieldCapacity = Self.firstFields
        unsafe extents = .allocate(capacity: fieldCapacity)
    }
}
