import LarderCache
import Testing

@Suite("A cache beside its naive twin")
struct CacheModelTests {
    // Each step checks every structure, which costs ten times as much without optimisation.
    #if DEBUG
    private static let stepsPerSeed = 1000
    #else
    private static let stepsPerSeed = 3000
    #endif

    @Test(
        "it never serves a stale, foreign or expired item",
        arguments: 0..<max(1, TestScale.seeds / 10))
    func agreesWithTwin(part: Int) {
        var hits: UInt64 = 0
        var evicted: UInt64 = 0
        var expired: UInt64 = 0
        var notAdmitted: UInt64 = 0
        for seed in 0..<10 {
            var run = ModelRun(seed: UInt64(part * 10 + seed))
            run.run(steps: Self.stepsPerSeed)
            let statistics = run.statistics
            hits += statistics.hits
            evicted += statistics.evicted
            expired += statistics.expired
            notAdmitted += statistics.notAdmitted
        }
        let least = UInt64(Self.stepsPerSeed / 10)
        #expect(hits > least && evicted > least && expired > 20 && notAdmitted > 0)
    }

    @Test(
        "nor does one in which newcomers wait for the policy",
        arguments: 0..<max(1, TestScale.seeds / 50))
    func agreesWithTwinWhileNewcomersWait(seed: Int) {
        var run = ModelRun(seed: UInt64(seed), isLarge: true)
        run.run(steps: 3 * Self.stepsPerSeed)
        let statistics = run.statistics
        #expect(statistics.hits > 100 && statistics.sets > 500)
    }
}
