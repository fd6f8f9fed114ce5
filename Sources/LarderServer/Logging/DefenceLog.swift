import LarderService
import Logging

/// Tells which defences have acted, one line for each and at most one in a while.
struct DefenceLog {
    static let everyMillis: UInt64 = 5_000

    private let defences: DefenceCounters
    private let logger: Logger
    private var told: [UInt64]

    init(_ defences: DefenceCounters, _ logger: Logger) {
        self.defences = defences
        self.logger = logger
        told = Defence.allCases.map { _ in 0 }
    }

    mutating func look() {
        for (index, defence) in Defence.allCases.enumerated() {
            let total = defences.value(defence)
            let fresh = total - told[index]
            guard fresh > 0 else { continue }
            told[index] = total
            logger.warning(
                "defended",
                metadata: ["defence": "\(defence.name)", "count": "\(fresh)", "total": "\(total)"])
        }
    }
}
