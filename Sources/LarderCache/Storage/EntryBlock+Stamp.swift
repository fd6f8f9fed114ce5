// Version and moment of the last write.
extension EntryBlock {
    /// What only a wide entry has, right before its key.
    var width: EntryWidth {
        get {
            precondition(isWide, "only a wide entry has its version beside its stamp")
            return unsafe (memory + headBytes - EntryHeader.wideBytes).loadUnaligned(
                as: EntryWidth.self)
        }
        nonmutating set {
            precondition(isWide, "only a wide entry has its version beside its stamp")
            unsafe (memory + headBytes - EntryHeader.wideBytes).storeBytes(
                of: newValue, as: EntryWidth.self)
        }
    }

    private var firstVersion: UInt64 {
        @inline(__always)
        get { unsafe EntryArena.constants(beside: memory).pointee.firstVersion }
    }

    package var version: UInt64 {
        @inline(__always)
        get { isWide ? width.version : firstVersion &+ stamp }
    }

    /// The moment of the last write, to a tick.
    package var writtenAtNanos: UInt64 {
        let top = isWide ? UInt64(width.stampTop) &<< EntryStamp.bits : 0
        return (top | stamp) &* EntryStamp.nanosPerTick
    }

    /// Whether it was surely written more than so long ago.
    func isOlder(than nanos: UInt64, nowNanos: UInt64) -> Bool {
        let (end, overflow) = writtenAtNanos.addingReportingOverflow(
            EntryStamp.nanosPerTick - 1)
        return !overflow && nowNanos > end && nowNanos - end > nanos
    }

    /// Whether there is room for this version, given at this moment.
    @inline(__always)
    func hasRoom(version: UInt64, nowNanos: UInt64) -> Bool {
        isWide || EntryStamp.suits(version &- firstVersion, nowNanos: nowNanos)
    }

    /// Notes a write. There has to be room for the version.
    @inline(__always)
    func noteWrite(version: UInt64, nowNanos: UInt64) {
        if isWide {
            let ticks = EntryStamp.ticks(nowNanos)
            stamp = ticks
            width.version = version
            width.stampTop = UInt8(truncatingIfNeeded: ticks &>> EntryStamp.bits)
        } else {
            let number = version &- firstVersion
            precondition(number &>> EntryStamp.bits == 0, "a version is the stamp or kept")
            stamp = number
        }
    }

    /// Takes the version and the moment of an entry as wide as this one.
    func takeStamp(of other: EntryBlock) {
        stamp = other.stamp
        if isWide {
            width.version = other.width.version
            width.stampTop = other.width.stampTop
        }
    }

    /// The same in a block that has room for any version, with one reference.
    func widened(in arena: borrowing EntryArena) -> EntryBlock {
        EntryBlock.make(
            in: arena, key: key, value: value, flags: flags, mayExpire: hasTimer,
            idleNanosMax: idleNanosMax, isWide: true)
    }
}
