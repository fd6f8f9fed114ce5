import LarderCache

/// What a miss costs, as an operator chooses it: decides what the cache keeps.
package enum MissCostChoice: Hashable, Sendable {
    /// Every miss costs the same.
    case object
    /// Requests and bytes both count.
    case balanced
    /// Bytes count.
    case bytes
    /// So many bytes cost as much as a request.
    case kappa(bytes: UInt64)

    /// What the cache knows it as.
    var missCost: MissCost {
        switch self {
        case .object: .object
        case .balanced: .balanced
        case .bytes: .bytes
        case .kappa(let bytes): .kappa(bytes: bytes)
        }
    }
}
