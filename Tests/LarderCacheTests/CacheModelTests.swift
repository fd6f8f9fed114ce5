import LarderCache
import Testing

@Suite("A cache beside its naive twin")
struct CacheModelTests {
    private static let stepsPerSeed = 2000

    @Test("it never serves a stale, foreign or expired item", arguments: 0..<25)
    func agreesWithTwin(part: Int) {
        var hits = 0
        for seed in 0..<10 {
            var run = ModelRun(seed: UInt64(part * 10 + seed))
            run.run(steps: Self.stepsPerSeed)
            hits += run.hits
        }
        #expect(hits > 1000, "the runs are not about empty caches")
    }
}
