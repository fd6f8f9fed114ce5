/// What the cache said to a Delete.
package struct DeleteOutcome: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let unspecified = DeleteOutcome(rawValue: 0)
    package static let deleted = DeleteOutcome(rawValue: 1)
    package static let miss = DeleteOutcome(rawValue: 2)
    package static let conditionFailed = DeleteOutcome(rawValue: 3)
    package static let markedStale = DeleteOutcome(rawValue: 4)
}

/// The answer to a Delete.
package struct DeleteResponse: MergedMessage {
    package var outcome: DeleteOutcome

    package init() { self.init(outcome: .unspecified) }

    package init(outcome: DeleteOutcome) { self.outcome = outcome }

    package mutating func merge(_ reader: inout WireReader) throws(WireError) {
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): outcome = DeleteOutcome(rawValue: try reader.int32())
            default: try reader.skip(tag)
            }
        }
    }

    /// How long the message is.
    package var encodedBytes: Int {
        WireWriter.uintBytes(1, UInt64(bitPattern: Int64(outcome.rawValue)))
    }

    package func encode(into writer: inout WireWriter) {
        writer.int32(1, outcome.rawValue)
    }
}
