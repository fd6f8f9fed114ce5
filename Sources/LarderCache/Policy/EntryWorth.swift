/// What an entry is worth per byte: its popularity, times what a miss of it costs, over its size.
struct EntryWorth: Sendable {
    /// Popularity to the power of 1.3, for every estimate; a key never recorded counts as once.
    private static let popularity: InlineArray<16, Double> = [
        1.0, 1.0, 2.4622888266898326, 4.171167510947728, 6.062866266041593,
        8.103282983463814, 10.270619156458231, 12.549529737646981, 14.92852786458892,
        17.398638404385867, 19.952623149688797, 22.584500550247288, 25.289230792133658,
        28.06249997748054, 30.90056685321995, 33.800150712639834,
    ]

    /// The cost of one byte, where a miss costs 1 and its bytes.
    var costPerByte: Double

    /// The value per byte of an entry of so many bytes and this popularity.
    @inline(__always)
    func value(estimate: Int, bytes: UInt64) -> Double {
        Self.popularity[estimate] * (1 / Double(max(bytes, 1)) + costPerByte)
    }

    /// What a miss of so many bytes costs.
    @inline(__always)
    func missCost(bytes: UInt64) -> Double { 1 + Double(bytes) * costPerByte }
}
