internal import LarderPages
internal import Synchronization

/// A handle to one entry in an arena's memory: header, then key, then value, in one cell; a large
/// value has pages of its own.
///
/// The handle itself owns nothing. The cache's table and lists own one counted reference
/// together, each `EntryReference` one more; the last `release` frees the block. A handle may be
/// used by whoever holds a reference, or the lock under which it was found in a table or a list:
/// what stands there is always referenced. That rule, kept within this target, makes it safe.
@safe
package struct EntryBlock: @unchecked Sendable, Equatable {
    package static let neverExpires = UInt64.max
    /// `listIndex` and `timerSlot` of an entry that is in none.
    static let noList: UInt8 = .max
    static let noTimer: UInt16 = .max

    /// The marks beside the references in a header's state.
    private enum State {
        static let referencesMask: UInt32 = 0x3fff_ffff
        /// It is in a table, so whoever holds the policy's lock may look at it.
        static let listed: UInt32 = 1 << 30
        /// It was read since the policy last looked at it.
        static let touched: UInt32 = 1 << 31
    }

    private let header: UnsafeMutablePointer<EntryHeader>

    /// A number that no other entry has while this one is referenced.
    var identity: UInt64 { unsafe UInt64(UInt(bitPattern: header)) }

    /// The entry in the cell at an address.
    @unsafe
    init(cell: UnsafeMutableRawPointer) {
        unsafe header = unsafe cell.assumingMemoryBound(to: EntryHeader.self)
    }

    package static func == (left: EntryBlock, right: EntryBlock) -> Bool {
        unsafe left.header == right.header
    }

    // MARK: where it is

    @unsafe
    @inline(__always)
    var memory: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(header) }

    /// The number of the cell within its arena; never 0.
    @inline(__always)
    var link: UInt32 { unsafe EntryArena.link(of: memory) }

    /// The entry that a link within the same arena leads to.
    @inline(__always)
    func neighbour(_ link: UInt32) -> EntryBlock? {
        guard link != 0 else { return nil }
        return unsafe EntryBlock(cell: EntryArena.cell(link, beside: memory))
    }

    static func link(_ block: EntryBlock?) -> UInt32 { block?.link ?? 0 }

    // MARK: its shape

    var headBytes: Int { unsafe Int(header.pointee.keyStart & EntryHeader.startMask) }
    var hasPages: Bool { unsafe header.pointee.keyStart & EntryHeader.pagedMark != 0 }
    var isWide: Bool { unsafe header.pointee.keyStart & EntryHeader.wideMark != 0 }
    /// Bytes before the key, but for those of a wide entry.
    private var narrowHeadBytes: Int { headBytes - (isWide ? EntryHeader.wideBytes : 0) }
    var hasTimer: Bool { narrowHeadBytes >= EntryHeader.bytesWithTimer }
    var hasIdleTime: Bool { narrowHeadBytes == EntryHeader.bytesWithIdleTime }
    var hasFlags: Bool { narrowHeadBytes != EntryHeader.bytes }

    /// Bytes of the cell, unrounded.
    var cellBytes: Int {
        headBytes + keyBytes + (hasPages ? Int(EntryCharge.addressBytes) : valueBytes)
    }

    /// Whether no entry lies in the cell. Entries come and go under the arena's lock.
    var isHole: Bool {
        unsafe header.pointee.state.load(ordering: .acquiring) == ArenaHole.mark
    }

    /// A copy of the entry in another cell, with one reference and every mark and field but the
    /// references of readers; the pages of a large value are the copy's from then on. Nobody but
    /// the caller may be able to reach the entry.
    func moved(in arena: borrowing EntryArena) -> EntryBlock {
        let bytes = cellBytes
        // The header under the arena's lock, so that whoever walks the cells finds it whole.
        let copy = unsafe arena.allocate(bytes: bytes) { target in
            unsafe target.copyMemory(from: memory, byteCount: EntryHeader.bytes)
            return unsafe EntryBlock(cell: target)
        }
        unsafe (copy.memory + EntryHeader.bytes).copyMemory(
            from: memory + EntryHeader.bytes, byteCount: bytes - EntryHeader.bytes)
        return copy
    }

    /// Gives the cell back after the entry has moved to another one.
    func vacate() {
        unsafe EntryArena.free(memory, bytes: cellBytes)
    }

    // MARK: references

    @inline(__always)
    package func retain() {
        unsafe header.pointee.state.add(1, ordering: .relaxed)
    }

    /// Gives one reference back; the last one frees the memory.
    @inline(__always)
    package func release() {
        let before = unsafe header.pointee.state.subtract(1, ordering: .acquiringAndReleasing)
        precondition(
            before.oldValue & State.referencesMask != 0, "an entry is released once per reference")
        if before.newValue & State.referencesMask == 0 { free() }
    }

    /// Gives one reference back and, with the last one, the pages; `true` if the cell is left.
    @inline(__always)
    func releaseAllButCell() -> Bool {
        let before = unsafe header.pointee.state.subtract(1, ordering: .acquiringAndReleasing)
        precondition(
            before.oldValue & State.referencesMask != 0, "an entry is released once per reference")
        guard before.newValue & State.referencesMask == 0 else { return false }
        if hasPages {
            unsafe EntryArena.givePages(of: valueStart, bytes: valueBytes, cell: memory)
        }
        return true
    }

    @inline(never)
    private func free() {
        if hasPages {
            unsafe EntryArena.givePages(of: valueStart, bytes: valueBytes, cell: memory)
        }
        unsafe EntryArena.free(memory, bytes: cellBytes)
    }

    /// References held now: one for the cache, one for each reader.
    package var referenceCount: UInt32 {
        // Who finds itself alone comes after all that the others read.
        unsafe header.pointee.state.load(ordering: .acquiring) & State.referencesMask
    }

    /// Whether it is in a table; changes under the policy's lock only.
    var isListed: Bool {
        get { unsafe header.pointee.state.load(ordering: .relaxed) & State.listed != 0 }
        nonmutating set { setMark(State.listed, newValue) }
    }

    /// Whether the entry was read since the policy last looked at it.
    var isTouched: Bool {
        @inline(__always)
        get { unsafe header.pointee.state.load(ordering: .relaxed) & State.touched != 0 }
        // Written only on change: readers of a hot entry then share its cache line.
        @inline(__always)
        nonmutating set { if isTouched != newValue { setMark(State.touched, newValue) } }
    }

    @inline(__always)
    private func setMark(_ mark: UInt32, _ isSet: Bool) {
        if isSet {
            unsafe header.pointee.state.bitwiseOr(mark, ordering: .relaxed)
        } else {
            unsafe header.pointee.state.bitwiseAnd(~mark, ordering: .relaxed)
        }
    }

    // MARK: contents

    /// The key's bytes, valid as long as the caller may use the handle.
    package var key: Span<UInt8> {
        @_lifetime(borrow self)
        @inline(__always)
        get {
            let bytes = unsafe UnsafeRawBufferPointer(start: memory + headBytes, count: keyBytes)
            let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    @unsafe
    private var valueStart: UnsafeMutableRawPointer {
        @inline(__always)
        get {
            let start = unsafe memory + headBytes + keyBytes
            guard hasPages else { return unsafe start }
            let address = unsafe start.loadUnaligned(as: UInt.self)
            guard let pages = unsafe UnsafeMutableRawPointer(bitPattern: address) else {
                preconditionFailure("a large value has pages")
            }
            return unsafe pages
        }
    }

    /// The value's bytes, valid as long as the caller may use the handle.
    package var value: Span<UInt8> {
        @_lifetime(borrow self)
        @inline(__always)
        get {
            let bytes = unsafe UnsafeRawBufferPointer(start: valueStart, count: valueBytes)
            let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    var keyBytes: Int {
        @inline(__always)
        get {
            let low = unsafe Int(header.pointee.keyBytesLow)
            return isWide ? low | Int(width.keyBytesHigh) &<< 8 : low
        }
    }
    var valueBytes: Int {
        @inline(__always)
        get {
            let low = unsafe Int(header.pointee.valueBytesLow)
            let lower = unsafe low | Int(header.pointee.valueBytesMiddle) &<< 16
            return isWide ? lower | Int(width.valueBytesHigh) &<< 24 : lower
        }
    }
    var flags: UInt32 {
        get { hasFlags ? unsafe (memory + EntryHeader.flagsStart).load(as: UInt32.self) : 0 }
        nonmutating set {
            guard hasFlags || newValue != 0 else { return }
            precondition(hasFlags, "flags have room")
            unsafe (memory + EntryHeader.flagsStart).storeBytes(of: newValue, as: UInt32.self)
        }
    }
    /// The part of the key's hash that the cache works with: its upper half. The entry does not
    /// keep it.
    package var hash: UInt64 {
        @inline(__always)
        get { unsafe EntryArena.constants(beside: memory).pointee.hash.upper(key) }
    }

    /// The 48 bits of the stamp that every entry has.
    var stamp: UInt64 {
        @inline(__always)
        get {
            let high = unsafe UInt64(header.pointee.stampHigh)
            return unsafe UInt64(header.pointee.stampLow) | high &<< 32
        }
        @inline(__always)
        nonmutating set {
            unsafe header.pointee.stampLow = UInt32(truncatingIfNeeded: newValue)
            unsafe header.pointee.stampHigh = UInt16(truncatingIfNeeded: newValue &>> 32)
        }
    }

    /// The bytes that the entry costs the budget.
    var chargeBytes: UInt64 {
        unsafe EntryCharge.bytes(
            keyBytes: keyBytes, valueBytes: valueBytes, headBytes: headBytes,
            valueOffset: hasPages ? SystemPages.offset(of: valueStart) : 0,
            unitBytes: 1 &<< EntryArena.unitShift(beside: memory))
    }

    // MARK: the policy's fields

    var listIndex: UInt8 {
        get { unsafe header.pointee.listIndex }
        nonmutating set { unsafe header.pointee.listIndex = newValue }
    }
    var standing: Double {
        get { unsafe Double(header.pointee.standing) }
        nonmutating set { unsafe header.pointee.standing = Float(newValue) }
    }
    var previous: EntryBlock? {
        get { unsafe neighbour(header.pointee.previous) }
        nonmutating set { unsafe header.pointee.previous = Self.link(newValue) }
    }
    var next: EntryBlock? {
        get { unsafe neighbour(header.pointee.next) }
        nonmutating set { unsafe header.pointee.next = Self.link(newValue) }
    }
}
