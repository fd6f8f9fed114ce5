/// What an operator can choose of the bounds that hold against peers.  Sizes are in bytes; 0 of a
/// time that may be 0 means that it is never over.
package struct PeerSettings: Sendable, Equatable {
    /// Open connections; nil: as many as the process has descriptors for.
    package var connectionsMax: Int?
    /// Of requests that have come in part, all connections together.
    package var uploadBytesMax: UInt64 = 64 << 20
    /// Of values in answers that are not read, all connections together.
    package var egressBytesMax: UInt64
    package var handshakeMillis: UInt64 = 10_000
    package var requestMillis: UInt64 = 30_000
    package var writeMillis: UInt64 = 30_000
    package var idleMillis: UInt64 = 0
    package var ageMillis: UInt64 = 0
    package var ageGraceMillis: UInt64 = 30_000
    package var keepaliveMillis: UInt64 = 7_200_000
    package var keepaliveTimeoutMillis: UInt64 = 20_000
    /// Between two PINGs of a client; 0 lets it ping as it likes.
    package var pingIntervalMillis: UInt64 = 5_000

    package init(memoryBytes: UInt64) {
        egressBytesMax = Self.egressBytesMaxDefault(memoryBytes: memoryBytes)
    }

    package static let connectionsMaxAllowed: ClosedRange<UInt64> = 0...1_000_000
    package static let bytesAllowed: ClosedRange<UInt64> = (1 << 20)...(1 << 40)
    package static let millisAllowed: ClosedRange<UInt64> = 100...3_600_000
    package static let longMillisAllowed: ClosedRange<UInt64> = 0...2_592_000_000

    /// An eighth of the budget, so that overwritten values are a small part of what is there.
    package static func egressBytesMaxDefault(memoryBytes: UInt64) -> UInt64 {
        max(64 << 20, Settings.wholeMebibytes(memoryBytes / 8))
    }
}
