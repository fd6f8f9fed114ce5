import Glibc

/// Numbers by Zipf's law: the one of rank r comes up in proportion to r to the power of -0.99, as
/// in the YCSB benchmark (Cooper et al.), and ranks are scattered over the numbers.
struct Zipf {
    private static let exponent = 0.99
    /// A prime, so that multiplying by it scatters the ranks and maps no two to one number.
    private static let scatter = 2_654_435_761

    /// The sum of the weights up to each rank.
    private let sums: [Double]

    init(of count: Int) {
        var sum = 0.0
        sums = (1...count).map { rank in
            sum += pow(Double(rank), -Self.exponent)
            return sum
        }
    }

    /// So many numbers below the count; the same ones for the same seed.
    func numbers(_ howMany: Int, seed: UInt64) -> [Int] {
        var state = seed
        return (0..<howMany).map { _ in
            state = state &* 0x5851_f42d_4c95_7f2d &+ 0x1405_7b7e_f767_814f
            let wanted = Double(state >> 11) / Double(1 << 53) * (sums.last ?? 0)
            return rank(of: wanted) * Self.scatter % sums.count
        }
    }

    private func rank(of sum: Double) -> Int {
        var low = 0
        var high = sums.count - 1
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] < sum { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
