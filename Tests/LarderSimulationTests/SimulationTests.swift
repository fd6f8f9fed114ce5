import LarderSimulation
import Testing

@Suite("Clients and a server in one thread, under one clock")
struct SimulationTests {
    /// `make test` runs 10,000 of them in the release build.
    @Test(
        "whatever happens, answers are right and nothing is left", arguments: 0..<8 as Range<UInt64>
    )
    func seeds(block: UInt64) throws {
        for seed in block * 25..<(block + 1) * 25 {
            do { _ = try Simulation.run(seed: seed) } catch {
                Issue.record("seed \(seed): \(error)")
            }
        }
    }

    @Test("a planted fault is found", arguments: PlantedFault.allCases)
    func planted(fault: PlantedFault) {
        #expect(Simulation.firstFinding(of: fault, seeds: 0..<100) != nil)
    }
}
