import Synchronization

/// How many connections and calls there are, over all loops.
package final class ServerGauges: Sendable {
    private let connections = Atomic<Int>(0)
    private let calls = Atomic<Int>(0)
    private let callsBegun = Atomic<UInt64>(0)

    package init() {}

    var connectionCount: Int { max(0, connections.load(ordering: .relaxed)) }
    /// As each loop has counted them within the last second.
    var callCount: Int { max(0, calls.load(ordering: .relaxed)) }

    /// Calls and other requests since the start, counted as `callCount` is.
    var callsBegunCount: UInt64 { callsBegun.load(ordering: .relaxed) }

    func addConnections(_ count: Int) { connections.add(count, ordering: .relaxed) }
    func addCalls(_ count: Int) { calls.add(count, ordering: .relaxed) }
    func addCallsBegun(_ count: UInt64) { callsBegun.add(count, ordering: .relaxed) }
}
