/// What the cache said to a Set. A number that is not named here counts as not stored.
package struct SetOutcome: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let unspecified = SetOutcome(rawValue: 0)
    package static let stored = SetOutcome(rawValue: 1)
    package static let conditionFailed = SetOutcome(rawValue: 2)
    package static let leaseLost = SetOutcome(rawValue: 3)
    package static let notAdmitted = SetOutcome(rawValue: 4)
}

/// The answer to a Set.
package struct SetResponse: WireMessage {
    package var outcome: SetOutcome
    /// The stored item's version, or the present item's if a condition failed.
    package var version: UInt64
    /// What is there, when a condition failed and the caller wanted to know.
    package var current: GetResponse?

    package init() { self.init(outcome: .unspecified) }

    package init(outcome: SetOutcome, version: UInt64 = 0, current: GetResponse? = nil) {
        self.outcome = outcome
        self.version = version
        self.current = current
    }

    package init(decoding bytes: Span<UInt8>) throws(WireError) {
        var reader = WireReader(bytes)
        try self.init(&reader)
    }

    /// Reads all that is left.
    init(_ reader: inout WireReader) throws(WireError) {
        self.init()
        var present = false
        var currentView = GetResponseView()
        while let tag = try reader.nextTag() {
            switch tag {
            case .varint(1): outcome = SetOutcome(rawValue: try reader.int32())
            case .varint(2): version = try reader.varint()
            case .bytes(3):
                present = true
                var inner = try reader.messageField()
                try currentView.merge(&inner)
            default: try reader.skip(tag)
            }
        }
        if present { current = GetResponse(currentView) }
    }

    package func encode(into writer: inout WireWriter) {
        if let current {
            SetResponse.encode(
                outcome: outcome, version: version, current: current.head,
                value: current.value.span, into: &writer)
        } else {
            SetResponse.encode(outcome: outcome, version: version, into: &writer)
        }
    }

    /// Appends an answer that does not tell what is there.
    package static func encode(
        outcome: SetOutcome, version: UInt64, into writer: inout WireWriter
    ) {
        writer.int32(1, outcome.rawValue)
        writer.uint(2, version)
    }

    /// How long an answer is, with a description of what is there if that is not empty.
    package static func encodedBytes(
        outcome: SetOutcome, version: UInt64, currentBytes: Int?
    ) -> Int {
        WireWriter.uintBytes(1, UInt64(bitPattern: Int64(outcome.rawValue)))
            + WireWriter.uintBytes(2, version)
            + (currentBytes.map { 1 + WireWriter.varintBytes(UInt64($0)) + $0 } ?? 0)
    }

    /// Appends an answer that does, value and all.
    package static func encode(
        outcome: SetOutcome, version: UInt64, current: GetResponseHead, value: Span<UInt8>,
        into writer: inout WireWriter
    ) {
        encode(outcome: outcome, version: version, into: &writer)
        writer.bytesHeader(3, count: current.encodedBytes(valueCount: value.count))
        current.encode(into: &writer, value: value)
    }
}
