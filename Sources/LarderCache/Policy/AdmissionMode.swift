/// How entries are weighed against each other: what they are worth, and what a newcomer must be
/// worth to come in.
package enum AdmissionMode: Hashable, Sendable, CaseIterable {
    // Each is best for some traffic; shadow caches tell which (`ModeChoice`). The modes are few
    // and far apart: one between two of these is seldom better than both.
    /// Popularity over size, and whoever stands lower goes: good where popularity changes slowly.
    case natural
    /// The newcomer must be worth more than the victim is now: good against scans and loops.
    case strict
    /// Everything is worth the same, so age decides: good where items die young.
    case recency
    /// Size alone: good where what was popular yesterday is stale.
    case size
    /// As natural, with differences drawn larger: good where the cache is small and popularity
    /// lasts.
    case steep
    /// As natural, with differences drawn smaller.
    case gentle

    /// What an entry of this popularity is worth where `density` is what a miss of it costs over
    /// its bytes. Values of one mode can be compared with each other only.
    @inline(__always)
    func value(estimate: Int, density: Double) -> Double {
        switch self {
        case .natural: Self.count(estimate) * density
        case .recency: 1
        case .strict: Self.power[estimate] * density
        case .size: density
        case .gentle: (Self.count(estimate) * density).squareRoot()
        case .steep: Self.count(estimate) * Self.count(estimate) * density * density.squareRoot()
        }
    }

    /// The popularity that a newcomer comes in with.
    ///
    /// In strict admission the request that brought it does not count: where all of a long loop
    /// are asked for alike, the newcomer would always be ahead by that one.
    @inline(__always)
    func newcomerEstimate(_ estimate: Int) -> Int {
        self == .strict && estimate > 0 ? estimate - 1 : estimate
    }

    /// Whether strict admission prefers the victim. The newcomer has to be worth twice as much:
    /// the victim was seen to be asked for, and a loop that is worth as much as the items in
    /// place would only drive them out in turns.
    @inline(__always)
    static func isKept(victimValue: Double, candidateValue: Double) -> Bool {
        victimValue * 2 >= candidateValue
    }

    @inline(__always)
    private static func count(_ estimate: Int) -> Double { Double(max(estimate, 1)) }

    /// Popularity to the power of 1.3, for every estimate; a key never recorded counts as once.
    private static let power: InlineArray<16, Double> = [
        1.0, 1.0, 2.4622888266898326, 4.171167510947728, 6.062866266041593,
        8.103282983463814, 10.270619156458231, 12.549529737646981, 14.92852786458892,
        17.398638404385867, 19.952623149688797, 22.584500550247288, 25.289230792133658,
        28.06249997748054, 30.90056685321995, 33.800150712639834,
    ]
}
