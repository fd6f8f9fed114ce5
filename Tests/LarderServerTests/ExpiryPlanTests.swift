import LarderServer
import Testing

@Suite("Expiry plan")
struct ExpiryPlanTests {
    private let second: UInt64 = 1_000_000_000

    @Test("without clients and without anything due, nobody looks")
    func rest() {
        let wait = ExpiryPlan.waitMillis(dueNanos: nil, nowNanos: 5, hasConnections: false)
        #expect(wait == nil)
    }

    @Test("without clients the next look is when something is due, however far off")
    func due() {
        let wait = ExpiryPlan.waitMillis(
            dueNanos: 3_605 * second, nowNanos: 5 * second, hasConnections: false)
        #expect(wait == 3_600_000)
        let far = ExpiryPlan.waitMillis(dueNanos: .max, nowNanos: 0, hasConnections: false)
        #expect(far == ExpiryPlan.waitMillisMax)
    }

    @Test("with clients there may be news at any time", arguments: [nil, 3_605_000_000_000])
    func news(dueNanos: UInt64?) {
        let wait = ExpiryPlan.waitMillis(dueNanos: dueNanos, nowNanos: 0, hasConnections: true)
        #expect(wait == ExpiryPlan.newsMillis)
    }

    @Test("what is overdue leaves the loop some rest", arguments: [false, true])
    func overdue(hasConnections: Bool) {
        let wait = ExpiryPlan.waitMillis(
            dueNanos: 0, nowNanos: 9 * second, hasConnections: hasConnections)
        #expect(wait == ExpiryPlan.busyMillis)
    }
}
