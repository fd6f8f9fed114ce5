import LarderCache
import LarderGRPC
import LarderService

/// Runs worlds, one for each seed.
package enum Simulation {
    /// What a world that held has seen.
    package struct Summary: Sendable {
        package var calls = 0
        package var answered = 0
        package var evicted: UInt64 = 0
        /// How often a method ended in a way.
        package var endings: [String: Int] = [:]

        package init() {}

        package mutating func add(_ other: Summary) {
            calls += other.calls
            answered += other.answered
            evicted += other.evicted
            endings.merge(other.endings, uniquingKeysWith: +)
        }
    }

    /// Runs the world of a seed to its end; throws what is wrong with it.
    /// `isTelling` says each step on the standard output.
    package static func run(
        seed: UInt64, fault: PlantedFault? = nil, isTelling: Bool = false
    ) throws -> Summary {
        let world = World(seed: seed, fault: fault)
        world.isTelling = isTelling
        try world.run()
        var summary = Summary()
        summary.calls = world.calls.count
        summary.answered = world.calls.count { $0.status != nil }
        for call in world.calls {
            let method = call.path.split(separator: "/").last ?? ""
            let ending = call.status.map { "\($0.code)" } ?? "no answer"
            summary.endings["\(method) \(ending)", default: 0] += 1
        }
        summary.evicted = world.services.cache.statistics().evicted
        return summary
    }

    /// The first of some seeds in which a fault is found, and by what.
    package static func firstFinding(
        of fault: PlantedFault, seeds: Range<UInt64>
    ) -> (seed: UInt64, what: String)? {
        for seed in seeds {
            do { _ = try run(seed: seed, fault: fault) } catch { return (seed, "\(error)") }
        }
        return nil
    }
}
