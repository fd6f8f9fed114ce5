internal import Synchronization

/// What stands before the key and the value of an entry.
///
/// Who may touch what: `state` is atomic; links, `listIndex` and `standing` belong to the
/// policy's lock; the rest never changes once the entry is in a table.
struct EntryHeader: ~Copyable {
    /// References in the low bits, then the marks of `EntryBlock.State`.
    let state: Atomic<UInt32>
    var next: UInt32
    var previous: UInt32
    var standing: Float
    var version: UInt64
    var writtenAt: UInt64
    let hash: UInt32
    let valueBytes: UInt32
    let keyBytes: UInt16
    var listIndex: UInt8
    /// Where the key begins, and `EntryBlock.pagedMark` if the value has pages of its own.
    let keyStart: UInt8

    // Flags follow where there are any, then the timer.
    static let bytes = 44
    static let bytesWithFlags = 48
    static let timerStart = 48
    static let bytesWithTimer = 66
    static let idleTimeStart = 72
    static let bytesWithIdleTime = 88
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
