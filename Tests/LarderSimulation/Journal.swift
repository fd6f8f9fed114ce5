/// What the server has been asked, in the order in which that came to it.
struct Journal {
    enum Event {
        /// A request of one message came whole.
        case asked(SimulatedCall)
        /// A message of a load came whole.
        case loaded(SimulatedCall, message: Int)
        /// The client has heard the end of the call, or will not hear it any more.
        case over(SimulatedCall)
    }

    struct Line {
        let nowNanos: UInt64
        let event: Event
    }

    private(set) var lines: [Line] = []

    mutating func write(_ event: Event, nowNanos: UInt64) {
        lines.append(Line(nowNanos: nowNanos, event: event))
    }
}

/// What a simulation has found wrong.
package struct Violation: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
