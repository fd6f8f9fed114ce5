import LarderCache
import Testing

@Suite("Hostile traffic beside honest traffic")
struct HostileTrafficTests {
    /// What comes between the honest requests.
    enum Attack: Hashable {
        case scan, burst, longBurst, staleHot, tinyJunk, bigJunk
        /// A loop over so many budgets' worth of items, as many requests as honest ones.
        case loop(budgets: Double)

        /// Those that nobody has anything from.
        static let barren: [Attack] = [
            .scan, .loop(budgets: 10), .loop(budgets: 3), .burst, .longBurst, .staleHot, .tinyJunk,
            .bigJunk,
        ]

        /// What it may cost honest traffic, as a part of all its requests.
        var costMax: Double {
            switch self {
            case .scan: 0.03
            case .burst, .longBurst, .staleHot, .tinyJunk, .bigJunk: 0.08
            // The shorter a loop is, the more of it is worth its room.
            case .loop(1.25): 0.14
            case .loop(1.5): 0.115
            case .loop(2): 0.075
            case .loop: 0.03
            }
        }
    }

    /// What came of the requests.
    struct Outcome {
        /// The part of the honest requests that was found.
        var hitRatio: Double
        /// The hits of the others, for each honest request.
        var othersHitRatio: Double
    }

    /// A cache that honest traffic fills, and the numbers of all requests.
    struct Scene {
        var budgetBytes: UInt64
        var seed: UInt64

        /// So many requests and keys, for a cache of 400,000 bytes; as many more for a larger one.
        private func scaled(_ count: Int) -> Int { count * Int(budgetBytes / 1000) / 400 }

        func outcome(_ attack: Attack?) -> Outcome {
            var traffic = TrafficModel(budgetBytes: budgetBytes, seed: seed)
            let honestKeys = scaled(20_000)
            if attack == .staleHot {
                // Hot once, and never asked for again.
                for _ in 0..<15 {
                    for key in 0..<scaled(3000) { traffic.ask(5_000_000 + key, bytes: 100) }
                }
            }
            for _ in 0..<scaled(40_000) { traffic.askHonestly(keyCount: honestKeys) }
            traffic.startCounting()
            var othersHits = 0
            for number in 0..<scaled(60_000) {
                traffic.askHonestly(keyCount: honestKeys)
                if ask(attack, number, &traffic) { othersHits += 1 }
            }
            traffic.cache.checkInvariants()
            return Outcome(
                hitRatio: traffic.hitRatio,
                othersHitRatio: Double(othersHits) / Double(traffic.requests))
        }

        private func ask(_ attack: Attack?, _ number: Int, _ traffic: inout TrafficModel) -> Bool {
            let first = 6_000_000
            switch attack {
            case nil, .staleHot: return false
            case .scan: return traffic.ask(first + number, bytes: 200)
            case .loop(let budgets):
                let keyCount = Int(budgets * Double(budgetBytes)) / 200
                return traffic.ask(first + number % keyCount, bytes: 200)
            case .burst: return traffic.ask(first + number / 4, bytes: 200)
            case .longBurst: return traffic.ask(first + number / 8, bytes: 200)
            case .tinyJunk: return traffic.ask(first + number, bytes: 1 + traffic.below(16))
            case .bigJunk: return traffic.ask(first + number, bytes: Int(budgetBytes / 50))
            }
        }
    }

    @Test(
        "as many hostile requests as honest ones cost little",
        arguments: [
            Scene(budgetBytes: 200_000, seed: 31), Scene(budgetBytes: 200_000, seed: 32),
            Scene(budgetBytes: 400_000, seed: 33),
        ])
    func attacks(scene: Scene) {
        let undisturbed = scene.outcome(nil).hitRatio
        for attack in Attack.barren {
            let disturbed = scene.outcome(attack).hitRatio
            #expect(
                undisturbed - disturbed < attack.costMax,
                "\(attack): \(undisturbed) fell to \(disturbed)")
        }
    }

    @Test("a loop not much longer than the cache takes room for which it gives more hits")
    func shortLoops() {
        let scene = Scene(budgetBytes: 200_000, seed: 34)
        let undisturbed = scene.outcome(nil).hitRatio
        for budgets in [1.25, 1.5, 2, 3] {
            let attack = Attack.loop(budgets: budgets)
            let outcome = scene.outcome(attack)
            let cost = undisturbed - outcome.hitRatio
            #expect(cost < attack.costMax, "a loop of \(budgets) budgets cost \(cost)")
            #expect(
                outcome.othersHitRatio > 1.3 * cost,
                "a loop of \(budgets) budgets gave \(outcome.othersHitRatio) for \(cost)")
        }
    }
}
