import LarderCache
import Testing

@Suite("The choice of the admission mode")
struct ModeChoiceTests {
    @Test("a loop larger than the cache is met with strict admission", arguments: [1, 64])
    func loop(shardCount: Int) {
        let traffic = TrafficModel(budgetBytes: 100_000, seed: 21, shardCount: shardCount)
        for _ in 0..<30 { for key in 0..<2000 { traffic.ask(key, bytes: 100) } }
        #expect(traffic.cache.admissionMode == .strict)
        var hits = 0
        for key in 0..<2000 where traffic.ask(key, bytes: 100) { hits += 1 }
        // Least-recently-used would have none; no cache can have more than half.
        #expect(hits > 700)
        traffic.cache.checkInvariants()
    }

    @Test("items that live short are not met with strict admission")
    func shortLives() {
        var traffic = TrafficModel(budgetBytes: 100_000, seed: 22)
        var hits = 0
        var requests = 0
        // Each key is asked for among the five hundred newest, and never again.
        for newest in 500..<40_500 {
            for _ in 0..<2 {
                let key = newest - traffic.below(500)
                requests += 1
                if traffic.ask(key, bytes: 100) { hits += 1 }
            }
        }
        #expect(traffic.cache.admissionMode != .strict)
        #expect(Double(hits) / Double(requests) > 0.45)
        traffic.cache.checkInvariants()
    }

    @Test("a mode set by hand stays until it is given free")
    func byHand() {
        let traffic = TrafficModel(budgetBytes: 50_000, seed: 23)
        traffic.cache.setAdmissionMode(.recency)
        for _ in 0..<20 { for key in 0..<1000 { traffic.ask(key, bytes: 100) } }
        #expect(traffic.cache.admissionMode == .recency)
        traffic.cache.setAdmissionMode(nil)
        for _ in 0..<20 { for key in 0..<1000 { traffic.ask(key, bytes: 100) } }
        #expect(traffic.cache.admissionMode == .strict)
    }

    @Test("the choice comes near the best mode, though most reads hit and write nothing")
    func nearTheBest() {
        func hitRatio(_ mode: AdmissionMode?) -> Double {
            let ratios = (27..<30).map { seed in
                var traffic = TrafficModel(budgetBytes: 20_000, seed: UInt64(seed))
                traffic.cache.setAdmissionMode(mode)
                for _ in 0..<60_000 { traffic.askHonestly(keyCount: 20_000) }
                return traffic.hitRatio
            }
            return ratios.reduce(0, +) / 3
        }
        // A shadow cache that saw only what the cache itself writes would think worse of all
        // modes but the present one: nine tenths of the best then.
        #expect(hitRatio(nil) > 0.94 * hitRatio(.strict))
    }

    @Test("every invariant holds while the sample is thinned and the modes change")
    func thinning() {
        var traffic = TrafficModel(budgetBytes: 8_000_000, seed: 24)
        for round in 0..<24 {
            for _ in 0..<2500 {
                switch round % 3 {
                case 0: traffic.askHonestly(keyCount: 60_000)
                case 1: traffic.ask(1_000_000 + traffic.below(40_000), bytes: 300)
                default: traffic.ask(2_000_000 + traffic.below(9), bytes: 400_000)
                }
            }
            if round == 12 { traffic.cache.setBudget(2_000_000) }
            traffic.cache.checkInvariants()
        }
        // The large items have had the room to themselves; small ones win it back.
        for _ in 0..<20_000 { traffic.askHonestly(keyCount: 60_000) }
        traffic.cache.checkInvariants()
        #expect(traffic.cache.statistics().entries > 1000)
    }

    @Test("the hit ratio of skewed traffic does not fall behind")
    func regression() {
        var traffic = TrafficModel(budgetBytes: 400_000, seed: 25)
        for _ in 0..<60_000 { traffic.askHonestly(keyCount: 20_000) }
        #expect(traffic.hitRatio > 0.41)
    }

    @Test("where only objects count more of them are hit, where only bytes count fewer")
    func missCost() {
        func ratio(_ cost: MissCost) -> Double {
            var traffic = TrafficModel(budgetBytes: 400_000, seed: 26, missCost: cost)
            for _ in 0..<60_000 { traffic.askHonestly(keyCount: 20_000) }
            return traffic.hitRatio
        }
        let (object, balanced, bytes) = (ratio(.object), ratio(.balanced), ratio(.bytes))
        #expect(object > bytes)
        #expect(balanced > bytes)
        #expect(ratio(.kappa(bytes: 1 << 40)) > bytes)
    }
}

@Suite("Hostile traffic beside honest traffic")
struct HostileTrafficTests {
    /// What comes between the honest requests.
    enum Attack: CaseIterable {
        case scan, longLoop, loop, burst, longBurst, staleHot, tinyJunk, bigJunk

        /// What it may cost honest traffic, as a part of all its requests.
        var costMax: Double {
            switch self {
            case .scan, .longLoop, .loop: 0.03
            case .burst, .longBurst, .staleHot, .bigJunk: 0.08
            case .tinyJunk: 0.09
            }
        }
    }

    /// A cache that honest traffic fills, and the numbers of all requests.
    struct Scene {
        var budgetBytes: UInt64
        var seed: UInt64

        /// So many requests and keys, for a cache of 400,000 bytes; as many more for a larger one.
        private func scaled(_ count: Int) -> Int { count * Int(budgetBytes / 1000) / 400 }

        func hitRatio(_ attack: Attack?) -> Double {
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
            for number in 0..<scaled(60_000) {
                traffic.askHonestly(keyCount: honestKeys)
                ask(attack, number, &traffic)
            }
            traffic.cache.checkInvariants()
            return traffic.hitRatio
        }

        private func ask(_ attack: Attack?, _ number: Int, _ traffic: inout TrafficModel) {
            let first = 6_000_000
            switch attack {
            case nil, .staleHot: break
            case .scan: traffic.ask(first + number, bytes: 200)
            // Of ten and of three times the budget.
            case .longLoop: traffic.ask(first + number % scaled(20_000), bytes: 200)
            case .loop: traffic.ask(first + number % scaled(6000), bytes: 200)
            case .burst: traffic.ask(first + number / 4, bytes: 200)
            case .longBurst: traffic.ask(first + number / 8, bytes: 200)
            case .tinyJunk: traffic.ask(first + number, bytes: 1 + traffic.below(16))
            case .bigJunk: traffic.ask(first + number, bytes: Int(budgetBytes / 50))
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
        let undisturbed = scene.hitRatio(nil)
        for attack in Attack.allCases {
            let disturbed = scene.hitRatio(attack)
            #expect(
                undisturbed - disturbed < attack.costMax,
                "\(attack): \(undisturbed) fell to \(disturbed)")
        }
    }
}
