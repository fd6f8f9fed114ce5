internal import Synchronization

// When the time of an entry is over: its expiry, its idle time, and its place in the timer wheel.
extension EntryBlock {
    @unsafe
    private var timer: UnsafeMutablePointer<EntryTimer> {
        @inline(__always)
        get {
            precondition(hasTimer, "only what was made to expire has a timer")
            return unsafe (memory + EntryHeader.timerStart).assumingMemoryBound(
                to: EntryTimer.self)
        }
    }

    package var expiresAtNanos: UInt64 {
        @inline(__always)
        get {
            guard hasTimer else { return Self.neverExpires }
            return unsafe timer.pointee.expiresAt.load(ordering: .relaxed)
        }
        nonmutating set {
            guard hasTimer || newValue != Self.neverExpires else { return }
            unsafe timer.pointee.expiresAt.store(newValue, ordering: .relaxed)
        }
    }

    @unsafe
    private var idleTime: UnsafeMutablePointer<EntryIdleTime> {
        @inline(__always)
        get {
            precondition(hasIdleTime, "only what was made to expire unused knows its use")
            return unsafe (memory + EntryHeader.idleTimeStart).assumingMemoryBound(
                to: EntryIdleTime.self)
        }
    }

    /// For how long it may go unused; `nil`: for ever.
    var idleNanosMax: UInt64? {
        hasIdleTime ? unsafe idleTime.pointee.nanosMax : nil
    }

    /// Notes that it is read or written now.
    @inline(__always)
    package func noteUse(nowNanos: UInt64) {
        guard hasIdleTime else { return }
        unsafe idleTime.pointee.usedAt.store(nowNanos, ordering: .relaxed)
    }

    /// The moment at which its time is over, if nobody uses it before then.
    var dueNanos: UInt64 {
        @inline(__always)
        get {
            guard hasTimer else { return Self.neverExpires }
            let expiry = expiresAtNanos
            guard hasIdleTime else { return expiry }
            let usedAt = unsafe idleTime.pointee.usedAt.load(ordering: .relaxed)
            let (idleEnd, overflow) = unsafe usedAt.addingReportingOverflow(
                idleTime.pointee.nanosMax)
            return overflow ? expiry : min(expiry, idleEnd)
        }
    }

    @inline(__always)
    func isExpired(nowNanos: UInt64) -> Bool {
        let due = dueNanos
        return nowNanos >= due && due != Self.neverExpires
    }

    // MARK: the wheel's fields

    var timerSlot: UInt16 {
        get { hasTimer ? unsafe timer.pointee.slot : Self.noTimer }
        nonmutating set { unsafe timer.pointee.slot = newValue }
    }
    var timerPrevious: EntryBlock? {
        get { unsafe neighbour(timer.pointee.previous) }
        nonmutating set { unsafe timer.pointee.previous = Self.link(newValue) }
    }
    var timerNext: EntryBlock? {
        get { unsafe neighbour(timer.pointee.next) }
        nonmutating set { unsafe timer.pointee.next = Self.link(newValue) }
    }
}
