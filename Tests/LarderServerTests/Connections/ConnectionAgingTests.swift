import LarderServer
import Testing

@Suite("What becomes of a connection with time")
struct ConnectionAgingTests {
    private static let second: UInt64 = 1_000_000_000
    private static let openedAt: UInt64 = 1_000 * second

    private var times: ConnectionTimes {
        var times = ConnectionTimes()
        times.keepaliveNanos = 60 * Self.second
        times.idleNanos = 300 * Self.second
        times.ageNanos = 1_000 * Self.second
        return times
    }

    /// Looks once a second until something is to be done: what, and after how many seconds.
    private func firstStep(
        _ aging: inout ConnectionAging, after: UInt64 = 0, heardAt: UInt64? = nil,
        openCount: Int = 0
    ) -> (ConnectionAging.Step, UInt64)? {
        for second in after...5_000 {
            let now = Self.openedAt + second * Self.second
            let step = aging.look(
                nowNanos: now, heardAtNanos: heardAt ?? now, openCount: openCount, openedCount: 7)
            if step != .stay { return (step, second) }
        }
        return nil
    }

    @Test("without a call it is asked to go, and ended after the grace")
    func idle() throws {
        var aging = ConnectionAging(openedAtNanos: Self.openedAt, times: times, spread: 0)
        let asked = try #require(firstStep(&aging))
        #expect(asked == (.askToGo(reason: .idle), 301))
        let ended = try #require(firstStep(&aging, after: 302))
        #expect(ended == (.end, 332))
    }

    @Test("a call, or one that came and went, begins the wait anew")
    func notIdle() throws {
        var aging = ConnectionAging(openedAtNanos: Self.openedAt, times: times, spread: 0)
        for second in 0...700 as ClosedRange<UInt64> {
            let now = Self.openedAt + second * Self.second
            let step = aging.look(
                nowNanos: now, heardAtNanos: now, openCount: 0, openedCount: second / 250)
            #expect(step == .stay)
        }
        let asked = try #require(firstStep(&aging, after: 701, openCount: 1))
        #expect(asked.0 == .askToGo(reason: .age))
    }

    @Test(
        "the age is spread over a fifth, so that not all go together",
        arguments: 0..<20 as Range<UInt64>)
    func age(_ draw: UInt64) throws {
        let spread = draw &* 0x9E37_79B9_7F4A_7C15
        var aging = ConnectionAging(openedAtNanos: Self.openedAt, times: times, spread: spread)
        let asked = try #require(firstStep(&aging, openCount: 1))
        #expect(asked.0 == .askToGo(reason: .age))
        #expect((900...1_101).contains(asked.1))
    }

    @Test("not all are spread to the same place")
    func agesDiffer() throws {
        let ages = try (0..<20 as Range<UInt64>).map { draw in
            let spread = draw &* 0x9E37_79B9_7F4A_7C15
            var aging = ConnectionAging(openedAtNanos: Self.openedAt, times: times, spread: spread)
            return try #require(firstStep(&aging, openCount: 1)).1
        }
        #expect(Set(ages).count > 10)
    }

    @Test("a silent peer with open calls is pinged, and given up when it stays silent")
    func keepalive() throws {
        var aging = ConnectionAging(openedAtNanos: Self.openedAt, times: times, spread: 0)
        let pinged = try #require(firstStep(&aging, heardAt: Self.openedAt, openCount: 1))
        #expect(pinged == (.ping, 61))
        let end = try #require(firstStep(&aging, after: 62, heardAt: Self.openedAt, openCount: 1))
        #expect(end == (.giveUp, 82))
    }

    @Test("one that answers is pinged again after as long")
    func answered() throws {
        var aging = ConnectionAging(openedAtNanos: Self.openedAt, times: times, spread: 0)
        _ = firstStep(&aging, heardAt: Self.openedAt, openCount: 1)
        let answeredAt = Self.openedAt + 62 * Self.second
        let again = try #require(firstStep(&aging, after: 62, heardAt: answeredAt, openCount: 1))
        #expect(again == (.ping, 123))
    }

    @Test("one without calls is left in peace, unless that is asked for")
    func peace() {
        var times = ConnectionTimes()
        var aging = ConnectionAging(openedAtNanos: Self.openedAt, times: times, spread: 0)
        #expect(firstStep(&aging, heardAt: Self.openedAt) == nil)
        times.keepaliveNanos = nil
        aging = ConnectionAging(openedAtNanos: Self.openedAt, times: times, spread: 0)
        #expect(firstStep(&aging, heardAt: Self.openedAt, openCount: 1) == nil)
    }

    @Test("a time in which the process stood still does not count")
    func watchClock() {
        var clock = WatchClock()
        let start = Self.openedAt
        clock.begins(atNanos: start)
        for second in 1...5 as ClosedRange<UInt64> {
            clock.looks(atNanos: start + second * Self.second)
        }
        #expect(clock.nanos(start + 5 * Self.second) == start + 5 * Self.second)
        // An hour later, as if it had been the next second.
        let later = start + 3_605 * Self.second
        clock.looks(atNanos: later)
        #expect(clock.nanos(later) == start + 6 * Self.second)
        #expect(clock.nanos(later + 10) == start + 6 * Self.second + 10)
    }

    @Test("there are as many places as were made, and one is free when its connection is gone")
    func places() {
        let places = ConnectionPlaces(countMax: 2)
        var first = places.take()
        let second = places.take()
        #expect(first != nil && second != nil && places.take() == nil)
        #expect(places.count == 2)
        first = nil
        #expect(places.count == 1)
        #expect(places.take() != nil)
    }
}
