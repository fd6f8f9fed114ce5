import LarderService
import Testing

@Suite("BulkSessions")
struct BulkSessionsTests {
    private func progress(_ committed: UInt64) -> BulkSessions.Progress {
        var progress = BulkSessions.Progress()
        progress.committed = committed
        return progress
    }

    @Test("a session that is opened again goes on where it was")
    func goesOn() {
        let sessions = BulkSessions(sessionsMax: 4, keptNanos: 100)
        let first = sessions.open("a", nowNanos: 0)
        #expect(first.progress.committed == 0)
        #expect(sessions.record(progress(7), for: first, nowNanos: 10))
        #expect(sessions.open("a", nowNanos: 20).progress.committed == 7)
        #expect(sessions.open("b", nowNanos: 20).progress.committed == 0)
    }

    @Test("the newest stream holds the session, the one before can no longer record")
    func takeover() {
        let sessions = BulkSessions(sessionsMax: 4, keptNanos: 100)
        let first = sessions.open("a", nowNanos: 0)
        #expect(sessions.isHeld(by: first))
        let second = sessions.open("a", nowNanos: 1)
        #expect(!sessions.isHeld(by: first))
        #expect(!sessions.record(progress(7), for: first, nowNanos: 2))
        #expect(sessions.record(progress(3), for: second, nowNanos: 2))
        #expect(sessions.open("a", nowNanos: 3).progress.committed == 3)
    }

    @Test("a session is forgotten after its time, counted from its last entry")
    func forgets() {
        let sessions = BulkSessions(sessionsMax: 4, keptNanos: 100)
        let hold = sessions.open("a", nowNanos: 0)
        #expect(sessions.record(progress(7), for: hold, nowNanos: 50))
        #expect(sessions.open("a", nowNanos: 150).progress.committed == 7)
        #expect(sessions.open("a", nowNanos: 251).progress.committed == 0)
    }

    @Test("a full table drops the session that was used longest ago; its stream brings it back")
    func bounded() {
        let sessions = BulkSessions(sessionsMax: 2, keptNanos: 100)
        let first = sessions.open("a", nowNanos: 0)
        let second = sessions.open("b", nowNanos: 1)
        #expect(sessions.record(progress(5), for: first, nowNanos: 2))
        _ = sessions.open("c", nowNanos: 3)
        #expect(sessions.count == 2)
        #expect(sessions.open("a", nowNanos: 4).progress.committed == 5)
        #expect(sessions.record(progress(9), for: second, nowNanos: 5))
        #expect(sessions.count == 2)
        #expect(sessions.open("b", nowNanos: 6).progress.committed == 9)
    }
}
