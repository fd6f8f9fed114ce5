/// What becomes of a connection that has nothing wrong with it, as time goes by.
package struct ConnectionAging {
    package enum Step: Equatable {
        case stay
        /// Ask the peer for a sign of life.
        case ping
        /// No sign came: the peer is gone.
        case giveUp
        /// Ask the client to go; `reason` says why.
        case askToGo(reason: Reason)
        /// It had its time to go.
        case end
    }

    package enum Reason {
        case idle, age

        /// What GOAWAY tells of it, in gRPC's words.
        package var debug: String {
            switch self {
            case .idle: "max_idle"
            case .age: "max_age"
            }
        }
    }

    private let times: ConnectionTimes
    private let openedAtNanos: UInt64
    /// The age at which the client is asked to go.
    private let ageNanos: UInt64?
    private var idle = Standstill()
    private var pingedAtNanos: UInt64?
    private var askedAtNanos: UInt64?

    /// `spread` is drawn at random from all numbers.
    package init(openedAtNanos: UInt64, times: ConnectionTimes, spread: UInt64) {
        self.openedAtNanos = openedAtNanos
        self.times = times
        ageNanos = times.ageNanos.map { age in
            // From nine to eleven tenths of it.
            let tenth = age / 10
            return age - tenth + (tenth == 0 ? 0 : spread % (2 * tenth))
        }
    }

    /// To be called once a second, with when the peer was last heard of, how many streams are open
    /// and how many ever were.
    package mutating func look(
        nowNanos: UInt64, heardAtNanos: UInt64, openCount: Int, openedCount: UInt64
    ) -> Step {
        if let askedAtNanos {
            return Self.isOver(askedAtNanos, times.ageGraceNanos, nowNanos) ? .end : .stay
        }
        if isSilent(nowNanos: nowNanos, heardAtNanos: heardAtNanos) { return .giveUp }
        if let ageNanos, Self.isOver(openedAtNanos, ageNanos, nowNanos) {
            askedAtNanos = nowNanos
            return .askToGo(reason: .age)
        }
        if let idleNanos = times.idleNanos,
            idle.look(openCount == 0 ? openedCount : nil, nowNanos: nowNanos, maxNanos: idleNanos)
        {
            askedAtNanos = nowNanos
            return .askToGo(reason: .idle)
        }
        guard let keepaliveNanos = times.keepaliveNanos, openCount > 0, pingedAtNanos == nil,
            Self.isOver(heardAtNanos, keepaliveNanos, nowNanos)
        else { return .stay }
        pingedAtNanos = nowNanos
        return .ping
    }

    private mutating func isSilent(nowNanos: UInt64, heardAtNanos: UInt64) -> Bool {
        guard let pingedAt = pingedAtNanos else { return false }
        if heardAtNanos > pingedAt {
            pingedAtNanos = nil
            return false
        }
        return Self.isOver(pingedAt, times.keepaliveTimeoutNanos, nowNanos)
    }

    private static func isOver(_ since: UInt64, _ nanos: UInt64, _ now: UInt64) -> Bool {
        now > since && now - since > nanos
    }
}
