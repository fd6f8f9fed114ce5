/// How long an item lives.
public enum TimeToLive: Hashable, Sendable {
    /// As long as the present item; for ever if there is none.
    case keep
    /// Until something else takes it away.
    case never
    /// So many nanoseconds from now. What would end past the end of time never ends.
    case nanos(UInt64)

    /// The moment of expiry, counted from `nowNanos`, where `keptNanos` is the present item's.
    func expiresAtNanos(nowNanos: UInt64, keptNanos: UInt64) -> UInt64 {
        switch self {
        case .keep: return keptNanos
        case .never: return EntryBlock.neverExpires
        case .nanos(let nanos):
            let (sum, overflow) = nowNanos.addingReportingOverflow(nanos)
            return overflow ? EntryBlock.neverExpires : sum
        }
    }
}

/// What a reader asks for beyond the item itself.
public struct ReadOptions: Hashable, Sendable {
    /// Look without being seen: no statistics, no popularity.
    public var peek: Bool
    /// A new time to live for the item, if it is there.
    public var touch: TimeToLive?
    /// An item written longer ago than this is a miss (and stays).
    public var ageNanosMax: UInt64?

    public init(peek: Bool = false, touch: TimeToLive? = nil, ageNanosMax: UInt64? = nil) {
        self.peek = peek
        self.touch = touch
        self.ageNanosMax = ageNanosMax
    }
}

/// What must hold of the present item for a write to happen.
public enum WriteCondition: Hashable, Sendable {
    case always
    case ifAbsent
    case ifPresent
    /// There is an item and its version is this one.
    case ifVersion(UInt64)
    /// There is no item, or its version is less than the one that the writer brings.
    case ifNewer
}

/// What a write does with the present value.
public enum WriteMode: Hashable, Sendable {
    case replace
    /// Put the bytes behind the present value, whose flags and times stay.
    case append
    /// Put the bytes before the present value, whose flags and times stay.
    case prepend
}

/// Who decides whether an item may come in.
public enum Admission: Hashable, Sendable {
    /// The cache's policy.
    case policy
    /// Only free room is used: nothing is evicted.
    case freeSpaceOnly
    /// The item comes in, whatever it costs the others.
    case force
}

/// Everything about a write beyond key and value.
public struct WriteOptions: Hashable, Sendable {
    public var timeToLive: TimeToLive
    /// The item also expires when nobody has read or written it for so long; `nil`: it does not.
    /// A peek is no read.
    public var idleNanosMax: UInt64?
    /// The caller's own bits, given back with the item.
    public var flags: UInt32
    /// The caller's version of the item; `nil` or 0: the cache numbers it, greater than the present
    /// one, or if that is the greatest there is, by the clock.
    public var version: UInt64?
    public var condition: WriteCondition
    public var mode: WriteMode
    public var admission: Admission
    /// When the condition fails, hand out the present item.
    public var returnCurrent: Bool

    public init(
        timeToLive: TimeToLive = .never, idleNanosMax: UInt64? = nil, flags: UInt32 = 0,
        version: UInt64? = nil,
        condition: WriteCondition = .always, mode: WriteMode = .replace,
        admission: Admission = .policy, returnCurrent: Bool = false
    ) {
        self.timeToLive = timeToLive
        self.idleNanosMax = idleNanosMax
        self.flags = flags
        self.version = version
        self.condition = condition
        self.mode = mode
        self.admission = admission
        self.returnCurrent = returnCurrent
    }

    /// The version that the writer brings.
    var ownVersion: UInt64? { version == 0 ? nil : version }

    /// Whether the condition holds over an item of version `present`; `nil`: there is none.
    func allowWrite(over present: UInt64?) -> Bool {
        switch condition {
        case .always: return true
        case .ifAbsent: return present == nil
        case .ifPresent: return present != nil
        case .ifVersion(let version): return present == version
        case .ifNewer:
            // The cache's own next version is newer than any.
            guard let version = ownVersion else { return true }
            return (present ?? 0) < version
        }
    }
}
