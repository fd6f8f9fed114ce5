import LarderCache
import LarderProtocol

/// What a write tells: what came of it and, where a condition failed and it was asked, what is there.
struct SetAnswer: ~Copyable {
    let outcome: SetOutcome
    let version: UInt64
    private let current: EntryAnswer?

    init(_ outcome: SetOutcome, version: UInt64 = 0) {
        self.outcome = outcome
        self.version = version
        current = nil
    }

    init(_ outcome: SetOutcome, version: UInt64, current: consuming EntryAnswer) {
        self.outcome = outcome
        self.version = version
        self.current = consume current
    }

    /// How long it is as a message.
    var encodedBytes: Int {
        let currentBytes: Int? =
            switch current {
            case .some(let current): current.encodedBytes
            case .none: nil
            }
        return SetResponse.encodedBytes(
            outcome: outcome, version: version, currentBytes: currentBytes)
    }

    /// Writes the message.
    consuming func append(to reply: inout Reply) {
        SetResponse.encode(outcome: outcome, version: version, into: &reply.bytes)
        guard let current else { return }
        reply.bytes.bytesHeader(3, count: current.encodedBytes)
        current.append(to: &reply)
    }
}
