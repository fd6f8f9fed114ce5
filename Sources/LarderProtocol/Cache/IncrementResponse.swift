/// What the cache said to an Increment.
package struct IncrementOutcome: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let unspecified = IncrementOutcome(rawValue: 0)
    package static let done = IncrementOutcome(rawValue: 1)
    package static let created = IncrementOutcome(rawValue: 2)
    package static let miss = IncrementOutcome(rawValue: 3)
    package static let outOfBounds = IncrementOutcome(rawValue: 4)
}

/// The answer to an Increment.
package struct IncrementResponse: MergedMessage {
    package var outcome: IncrementOutcome
    /// The number after the call.
    package var value: Int64
    package var version: UInt64
    package var ttlMillis: UInt64?

    package init() { self.init(outcome: .unspecified) }

    package init(
        outcome: IncrementOutcome, value: Int64 = 0, version: UInt64 = 0, ttlMillis: UInt64? = nil
    ) {
        self.outcome = outcome
        self.value = value
        self.version = version
        self.ttlMillis = ttlMillis
    }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): outcome = IncrementOutcome(rawValue: try reader.int32())
            case .varint(2): value = try reader.sint64()
            case .varint(3): version = try reader.varint()
            case .varint(4): ttlMillis = try reader.varint()
            default: try reader.skip(tag)
            }
        }
    }

    package func encode(into writer: inout WireWriter) {
        writer.int32(1, outcome.rawValue)
        writer.sint64(2, value)
        writer.uint(3, version)
        writer.uint(4, ifPresent: ttlMillis)
    }
}
