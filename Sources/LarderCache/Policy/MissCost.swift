/// What a miss costs, which is what the cache keeps low: one for the request, and a part of the
/// item's bytes.
///
/// The one honest knob of the policy: where every request costs a round trip, small items are
/// worth more per byte; where the line is narrow, bytes count.
public enum MissCost: Hashable, Sendable {
    // The additive form beats a power of the size, which never gives back what it takes from
    // one of the two ratios.
    /// Every miss costs the same: keeps the ratio of missed requests low.
    case object
    /// As many bytes as five items that are found have in the mean cost as much as a request.
    case balanced
    /// As many bytes as a tenth of such an item has cost as much as a request: keeps the ratio
    /// of missed bytes low.
    case bytes
    /// So many bytes cost as much as a request; a millisecond at 1 Gbit/s is 125,000.
    case kappa(bytes: UInt64)

    static let balancedItems = 5.0
    static let bytesItems = 0.1

    /// The cost of one byte where a request costs 1.
    func perByte(meanItemBytes: Double) -> Double {
        switch self {
        case .object: 0
        case .balanced: 1 / (Self.balancedItems * meanItemBytes)
        case .bytes: 1 / (Self.bytesItems * meanItemBytes)
        case .kappa(let bytes): 1 / Double(max(bytes, 1))
        }
    }
}
