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
            let ratios = (1...3).map { seed in
                var traffic = TrafficModel(budgetBytes: 20_000, seed: UInt64(seed))
                traffic.cache.setAdmissionMode(mode)
                for _ in 0..<60_000 { traffic.askHonestly(keyCount: 20_000) }
                return traffic.hitRatio
            }
            return ratios.reduce(0, +) / 3
        }
        // A shadow cache that saw only what the cache itself writes would think worse of all
        // modes but the present one: 88 % of the best then.
        #expect(hitRatio(nil) > 0.92 * hitRatio(.strict))
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
