internal import Synchronization

/// What stands before the key and the value of an entry.
///
/// Who may touch what: the counted references, `touched` and `expiresAt` are atomic; links,
/// `listIndex`, `timerSlot` and `standing` belong to the policy's lock; the rest never changes
/// once the entry is in a table.
struct EntryHeader: ~Copyable {
    // What only the policy needs comes first: what a read needs then lies beside the key, on a
    // cache line or two.
    var previous: EntryBlock?
    var next: EntryBlock?
    var timerPrevious: EntryBlock?
    var timerNext: EntryBlock?
    var standing: Double
    let hash: UInt64

    var version: UInt64
    var writtenAt: UInt64
    let expiresAt: Atomic<UInt64>
    let references: Atomic<UInt32>
    let flags: UInt32
    let valueBytes: UInt32
    let keyBytes: UInt16
    var timerSlot: UInt16
    var listIndex: UInt8
    let touched: Atomic<Bool>
}

/// A handle to one entry in raw memory: header, then key, then value, in one allocation.
///
/// The handle itself owns nothing. The cache's table and lists own one counted reference
/// together, each `EntryReference` one more; the last `release` frees the block. A handle may be
/// used by whoever holds a reference, or the lock under which it was found in a table or a list:
/// what stands there is always referenced. That rule, kept within this target, makes it safe.
@safe
package struct EntryBlock: @unchecked Sendable, Equatable {
    package static let neverExpires = UInt64.max
    static let headerBytes = MemoryLayout<EntryHeader>.size
    /// `listIndex` and `timerSlot` of an entry that is in none.
    static let noList: UInt8 = .max
    static let noTimer: UInt16 = .max

    private let header: UnsafeMutablePointer<EntryHeader>

    /// A new entry with one reference, its value made of two parts, copied.
    package static func make(
        key: Span<UInt8>, hash: UInt64, value: Span<UInt8>, tail: Span<UInt8> = Span(),
        flags: UInt32
    ) -> EntryBlock {
        let valueBytes = value.count + tail.count
        guard let keyCount = UInt16(exactly: key.count),
            let valueCount = UInt32(exactly: valueBytes)
        else { preconditionFailure("key and value were checked against their limits") }
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: headerBytes + key.count + valueBytes, alignment: 16)
        let header = unsafe memory.bindMemory(to: EntryHeader.self, capacity: 1)
        unsafe header.initialize(
            to: EntryHeader(
                previous: nil, next: nil, timerPrevious: nil, timerNext: nil, standing: 0,
                hash: hash, version: 0, writtenAt: 0, expiresAt: Atomic(neverExpires),
                references: Atomic(1), flags: flags, valueBytes: valueCount,
                keyBytes: keyCount, timerSlot: noTimer, listIndex: noList,
                touched: Atomic(false)))
        let keyStart = unsafe memory + headerBytes
        unsafe key.copy(to: keyStart)
        unsafe value.copy(to: keyStart + key.count)
        unsafe tail.copy(to: keyStart + key.count + value.count)
        return unsafe EntryBlock(header: header)
    }

    private init(header: UnsafeMutablePointer<EntryHeader>) {
        unsafe self.header = unsafe header
    }

    package static func == (left: EntryBlock, right: EntryBlock) -> Bool {
        unsafe left.header == right.header
    }

    // MARK: references

    @inline(__always)
    package func retain() {
        unsafe header.pointee.references.add(1, ordering: .relaxed)
    }

    /// Gives one reference back; the last one frees the memory.
    @inline(__always)
    package func release() {
        let before = unsafe header.pointee.references.subtract(1, ordering: .acquiringAndReleasing)
        precondition(before.oldValue != 0, "an entry is released once per reference")
        if before.newValue == 0 { free() }
    }

    @inline(never)
    private func free() {
        unsafe header.deinitialize(count: 1)
        unsafe UnsafeMutableRawPointer(header).deallocate()
    }

    /// References held now: one for the cache, one for each reader.
    package var referenceCount: UInt32 {
        unsafe header.pointee.references.load(ordering: .relaxed)
    }

    // MARK: contents

    /// The key's bytes, valid as long as the caller may use the handle.
    package var key: Span<UInt8> {
        @_lifetime(borrow self)
        @inline(__always)
        get {
            let start = unsafe UnsafeRawPointer(header) + Self.headerBytes
            let bytes = unsafe UnsafeRawBufferPointer(start: start, count: keyBytes)
            let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The value's bytes, valid as long as the caller may use the handle.
    package var value: Span<UInt8> {
        @_lifetime(borrow self)
        @inline(__always)
        get {
            let start = unsafe UnsafeRawPointer(header) + Self.headerBytes + keyBytes
            let bytes = unsafe UnsafeRawBufferPointer(start: start, count: valueBytes)
            let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    var keyBytes: Int { unsafe Int(header.pointee.keyBytes) }
    var valueBytes: Int { unsafe Int(header.pointee.valueBytes) }
    var flags: UInt32 { unsafe header.pointee.flags }
    package var hash: UInt64 { unsafe header.pointee.hash }

    /// Set once, before the entry goes into a table.
    var version: UInt64 {
        get { unsafe header.pointee.version }
        nonmutating set { unsafe header.pointee.version = newValue }
    }

    /// Set once, before the entry goes into a table.
    var writtenAtNanos: UInt64 {
        get { unsafe header.pointee.writtenAt }
        nonmutating set { unsafe header.pointee.writtenAt = newValue }
    }

    package var expiresAtNanos: UInt64 {
        get { unsafe header.pointee.expiresAt.load(ordering: .relaxed) }
        nonmutating set { unsafe header.pointee.expiresAt.store(newValue, ordering: .relaxed) }
    }

    @inline(__always)
    func isExpired(nowNanos: UInt64) -> Bool {
        let expiry = expiresAtNanos
        return nowNanos >= expiry && expiry != Self.neverExpires
    }

    /// Whether the entry was read since the policy last looked at it.
    var isTouched: Bool {
        get { unsafe header.pointee.touched.load(ordering: .relaxed) }
        // Written only on change: readers of a hot entry then share its cache line.
        nonmutating set {
            if isTouched != newValue {
                unsafe header.pointee.touched.store(newValue, ordering: .relaxed)
            }
        }
    }

    // MARK: the policy's fields

    var listIndex: UInt8 {
        get { unsafe header.pointee.listIndex }
        nonmutating set { unsafe header.pointee.listIndex = newValue }
    }
    var standing: Double {
        get { unsafe header.pointee.standing }
        nonmutating set { unsafe header.pointee.standing = newValue }
    }
    var previous: EntryBlock? {
        get { unsafe header.pointee.previous }
        nonmutating set { unsafe header.pointee.previous = newValue }
    }
    var next: EntryBlock? {
        get { unsafe header.pointee.next }
        nonmutating set { unsafe header.pointee.next = newValue }
    }
    var timerSlot: UInt16 {
        get { unsafe header.pointee.timerSlot }
        nonmutating set { unsafe header.pointee.timerSlot = newValue }
    }
    var timerPrevious: EntryBlock? {
        get { unsafe header.pointee.timerPrevious }
        nonmutating set { unsafe header.pointee.timerPrevious = newValue }
    }
    var timerNext: EntryBlock? {
        get { unsafe header.pointee.timerNext }
        nonmutating set { unsafe header.pointee.timerNext = newValue }
    }

    /// The bytes that the entry costs the budget.
    var chargeBytes: UInt64 {
        EntryCharge.bytes(keyBytes: keyBytes, valueBytes: valueBytes)
    }
}
