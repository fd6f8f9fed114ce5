import LarderCache
import Testing

@Suite("How much the policy learns from")
struct LearningPaceTests {
    /// Requests until only some are looked at.
    private func requestsLeft(_ pace: LearningPace) -> Int {
        var pace = pace
        var count = 0
        while pace.turns == 0 {
            pace.noteRequest()
            count += 1
        }
        return count
    }

    @Test("every request is looked at while newcomers come, and for a while after")
    func newcomers() {
        var pace = LearningPace()
        #expect(requestsLeft(pace) == LearningPace.requestsMax)
        for _ in 0..<LearningPace.requestsMax { pace.noteRequest() }
        #expect(pace.turns == LearningPace.turnBits)
        pace.noteNewcomer()
        #expect(requestsLeft(pace) == LearningPace.requestsPerNewcomer)
        for _ in 0..<10_000 { pace.noteNewcomer() }
        #expect(requestsLeft(pace) == LearningPace.requestsMax)
    }

    @Test("one request in sixteen has its turn, of keys in a round no key all of them or none")
    func turns() {
        for period in 1...64 {
            var taken = [Int](repeating: 0, count: period)
            let requests = period * 1600
            for number in 0..<requests where LearningPace.turn(UInt64(number)) == 0 {
                taken[number % period] += 1
            }
            let total = taken.reduce(0, +)
            #expect(abs(total - requests / 16) <= requests / 160)
            for count in taken { #expect(count > 50 && count < 150, "a round of \(period)") }
        }
    }

    @Test("after a long time with nothing new the cache still learns what a loop is")
    func afterQuiet() {
        let traffic = TrafficModel(budgetBytes: 100_000, seed: 31)
        for _ in 0..<500 { for key in 0..<200 { traffic.ask(key, bytes: 100) } }
        for _ in 0..<30 { for key in 0..<2000 { traffic.ask(key, bytes: 100) } }
        #expect(traffic.cache.admissionMode == .strict)
        var hits = 0
        for key in 0..<2000 where traffic.ask(key, bytes: 100) { hits += 1 }
        #expect(hits > 700)
        traffic.cache.checkInvariants()
    }
}
