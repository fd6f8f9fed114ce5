/// Brings the values of all admission modes to one scale, so that the standings that entries got
/// in one mode still mean something in the next.
struct ValueScale: Sendable {
    // The scale is the mean of the logarithms: a typical entry is worth in every mode what it is
    // worth in the natural one. A plain mean is ruled by a few tiny or hot entries; with it,
    // typical newcomers were worth next to nothing for long after a change.
    /// Weight of the newest value in the running means.
    private static let newestWeight = 0.001

    private var meanLogarithm = 0.0

    /// The value of an entry in `mode`, where all values so far were in this mode.
    @inline(__always)
    mutating func value(_ mode: AdmissionMode, estimate: Int, density: Double) -> Double {
        let natural = AdmissionMode.natural.value(estimate: estimate, density: density)
        switch mode {
        case .natural: return natural
        case .recency, .strict, .size, .steep, .gentle:
            let value = mode.value(estimate: estimate, density: density)
            let logarithm = Self.logarithm(natural / value)
            if meanLogarithm == 0 {
                meanLogarithm = logarithm
            } else {
                meanLogarithm += (logarithm - meanLogarithm) * Self.newestWeight
            }
            return value * Self.power(meanLogarithm)
        }
    }

    // To base 2, straight between powers of two: both ways alike, and only a scale.
    private static func logarithm(_ value: Double) -> Double {
        Double(value.exponent) + value.significand - 1
    }

    private static func power(_ logarithm: Double) -> Double {
        let whole = logarithm.rounded(.down)
        return Double(
            sign: .plus, exponent: Int(whole), significand: 1 + logarithm - whole)
    }
}
