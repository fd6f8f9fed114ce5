import Synchronization

/// The large values that answers keep from going: those that wait to be sent, each counted once.
///
/// A value that is overwritten, deleted or evicted stays in memory while an answer holds it. A
/// popular one that many wait for takes its memory once, so that it is counted once.
package final class PinnedValues: Sendable {
    /// Shorter ones are not worth a look-up; they count among the unread bytes of their connection.
    package static let valueBytesMin = 16 << 10
    private static let partCount = 16

    private struct Part {
        /// How many answers hold each value, by the value's identity.
        var holders: [UInt64: Int] = [:]
    }

    // By identity, so that loops seldom meet.
    private let parts = InlineArray<16, Mutex<Part>> { _ in Mutex(Part()) }
    private let total = Atomic<Int>(0)

    init() {}

    package var bytes: Int { total.load(ordering: .relaxed) }

    func pin(_ identity: UInt64, bytes: Int) {
        let isFirst = parts[Self.part(of: identity)].withLock { part in
            part.holders[identity, default: 0] += 1
            return part.holders[identity] == 1
        }
        if isFirst { total.wrappingAdd(bytes, ordering: .relaxed) }
    }

    func unpin(_ identity: UInt64, bytes: Int) {
        let isLast = parts[Self.part(of: identity)].withLock { part in
            guard let holders = part.holders[identity], holders > 1 else {
                part.holders[identity] = nil
                return true
            }
            part.holders[identity] = holders - 1
            return false
        }
        if isLast { total.wrappingSubtract(bytes, ordering: .relaxed) }
    }

    // Identities are addresses: their low bits are all alike.
    private static func part(of identity: UInt64) -> Int {
        Int((identity &* 0x9E37_79B9_7F4A_7C15) >> 60)
    }
}
