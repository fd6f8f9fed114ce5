/// What the cache said to a Touch.
package struct TouchOutcome: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let unspecified = TouchOutcome(rawValue: 0)
    package static let touched = TouchOutcome(rawValue: 1)
    package static let miss = TouchOutcome(rawValue: 2)
    package static let unchanged = TouchOutcome(rawValue: 3)
}

/// The answer to a Touch.
package struct TouchResponse: MergedMessage {
    package var outcome: TouchOutcome
    /// What is left to live after the call. nil: it does not expire, or a miss.
    package var ttlMillis: UInt64?

    package init() { self.init(outcome: .unspecified) }

    package init(outcome: TouchOutcome, ttlMillis: UInt64? = nil) {
        self.outcome = outcome
        self.ttlMillis = ttlMillis
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): outcome = TouchOutcome(rawValue: try reader.int32())
            case .varint(2): ttlMillis = try reader.varint()
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.int32(1, outcome.rawValue)
        writer.uint(2, ifPresent: ttlMillis)
    }
}
