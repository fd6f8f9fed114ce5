internal import Synchronization

/// What stands before the key and the value of an entry.
///
/// Who may touch what: `state` is atomic; links, `listIndex` and `standing` belong to the
/// policy's lock; stamp, version, flags and the value's bytes change under the shard's lock while
/// nobody holds the entry, and may be read under that lock or by whoever holds it; the rest never
/// changes once the entry is in a table.
struct EntryHeader: ~Copyable {
    /// References in the low bits, then the marks of `EntryBlock.State`.
    let state: Atomic<UInt32>
    var next: UInt32
    var previous: UInt32
    var standing: Float
    /// The low and the high bits of the stamp (`EntryStamp`).
    var stampLow: UInt32
    var stampHigh: UInt16
    let valueBytesLow: UInt16
    let valueBytesMiddle: UInt8
    let keyBytesLow: UInt8
    var listIndex: UInt8
    /// Where the key begins, an even number, and the marks `wideMark` and `pagedMark`.
    let keyStart: UInt8

    static let wideMark: UInt8 = 0x01
    /// The value has pages of its own.
    static let pagedMark: UInt8 = 0x80
    static let startMask: UInt8 = 0x7e

    // Flags follow where there are any, then the timer, then the idle time; what is wide comes
    // last, right before the key, where no alignment is promised.
    static let bytes = 28
    static let flagsStart = 28
    static let bytesWithFlags = 32
    static let timerStart = 32
    static let bytesWithTimer = 50
    static let idleTimeStart = 56
    static let bytesWithIdleTime = 72
    static let wideBytes = EntryWidth.bytes

    /// The longest key and value of an entry that is not wide.
    static let narrowKeyBytesMax = 0xff
    static let narrowValueBytesMax = 0xff_ffff
}

/// The part of the header that only an entry has whose version is not its stamp, or whose key or
/// value is long.
struct EntryWidth {
    var version: UInt64
    /// The bits of the stamp above those in the header.
    var stampTop: UInt8
    let keyBytesHigh: UInt8
    let valueBytesHigh: UInt8

    /// Even, as every start of a key.
    static let bytes = 12
}

/// The part of the header that only an entry has that may expire: `expiresAt` is atomic, the rest
/// belongs to the policy's lock.
struct EntryTimer: ~Copyable {
    let expiresAt: Atomic<UInt64>
    var previous: UInt32
    var next: UInt32
    var slot: UInt16
}

/// The part of the header that only an entry has that expires when nobody uses it.
struct EntryIdleTime: ~Copyable {
    /// When it was last read or written; readers set it.
    let usedAt: Atomic<UInt64>
    let nanosMax: UInt64
}
