import LarderIO
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite("EventLoop")
struct EventLoopTests {
    @Test("timers fire in the order of their times, never early, and not after a cancel")
    func timers() throws {
        var fired: [Int] = []
        // A timer's time counts from its own start: where the machine paused between the starts,
        // the order says nothing.
        var starting: Duration = .seconds(1)
        while starting > .milliseconds(1) {
            fired = []
            try withLoop { loop in
                starting = ContinuousClock().measure {
                    startTimers(loop) { fired.append($0) }
                }
            }
        }
        #expect(fired == [1, 3, 5, 9])
    }

    private func startTimers(_ loop: EventLoop, fired: @escaping (Int) -> Void) {
        let start = loop.nowNanos
        for millis in [9, 1, 5, 3] {
            loop.timer(afterMillis: UInt64(millis)) {
                fired(millis)
                #expect(loop.nowNanos >= start + UInt64(millis) * 1_000_000)
            }
        }
        let cancelled = loop.timer(afterMillis: 4) { fired(4) }
        loop.timer(afterMillis: 2) {
            cancelled.cancel()
            cancelled.cancel()
            #expect(cancelled.isCancelled)
        }
        loop.timer(afterMillis: 30) { loop.stop() }
    }

    @Test("a repeating timer goes on until it is cancelled from its own body")
    func repeating() throws {
        var count = 0
        try withLoop { loop in
            var timer: Timer?
            timer = loop.timer(afterMillis: 0, repeatMillis: 1) {
                count += 1
                guard count == 5 else { return }
                timer?.cancel()
                loop.timer(afterMillis: 10) { loop.stop() }
            }
        }
        #expect(count == 5)
    }

    @Test("a one-shot timer may restart itself; one that does not is over")
    func restarting() throws {
        var count = 0
        try withLoop { loop in
            var timer: Timer?
            timer = loop.timer(afterMillis: 1) {
                count += 1
                if count < 3 {
                    timer?.restart(afterMillis: 1)
                    return
                }
                loop.timer(afterMillis: 1) {
                    #expect(timer?.isCancelled == true)
                    timer?.restart(afterMillis: 0)
                    loop.timer(afterMillis: 5) { loop.stop() }
                }
            }
        }
        #expect(count == 3)
    }

    @Test("a timer lets go of what its body holds")
    func timerReleases() throws {
        weak var held: Blob?
        try withLoop { loop in
            let blob = Blob(count: 1, seed: 1)
            held = blob
            let timer = loop.timer(afterMillis: 60_000) { _ = blob.storage }
            timer.cancel()
            loop.timer(afterMillis: 1) { loop.stop() }
        }
        #expect(held == nil)
    }

    @Test("the time stands still within a turn and never runs backwards")
    func clock() throws {
        try withLoop { loop in
            var last: UInt64 = 0
            var turns = 0
            loop.timer(afterMillis: 0, repeatMillis: 1) {
                let now = loop.nowNanos
                #expect(now > last)
                #expect(loop.nowNanos == now)
                last = now
                turns += 1
                if turns == 5 { loop.stop() }
            }
        }
    }

    @Test("jobs of four threads all run, each thread's in its order")
    func submitting() throws {
        let notes = Notes()
        let jobsPerThread = 1000
        try withLoop { loop in
            for number in 0..<4 {
                _ = try LoopThread(name: "submit-\(number)") {
                    for index in 0..<jobsPerThread {
                        loop.submit {
                            #expect(loop.isHere)
                            notes.values[number, default: []].append(index)
                            notes.total += 1
                            if notes.total == 4 * jobsPerThread { loop.stop() }
                        }
                    }
                }
            }
        }
        for number in 0..<4 {
            #expect(notes.values[number] == Array(0..<jobsPerThread))
        }
    }

    @Test("another thread stops a loop, and it can run again")
    func stopping() throws {
        let loop = try EventLoop()
        for _ in 0..<3 {
            let thread = try LoopThread(name: "stopper") { loop.stop() }
            loop.run()
            thread.join()
            thread.join()
        }
    }

    @Test("a stop before the run ends it at its first turn")
    func stoppingEarly() throws {
        let loop = try EventLoop()
        loop.stop()
        loop.run()
    }

    @Test("a job that a job submits runs too, and a job submitted before a run is not lost")
    func nestedJobs() throws {
        let notes = Notes()
        let loop = try EventLoop()
        loop.submit {
            loop.submit {
                notes.total += 1
                loop.stop()
            }
        }
        loop.run()
        #expect(notes.total == 1)
    }

    @Test("a loop that is dropped runs its last jobs, closes its streams and frees itself")
    func dropping() throws {
        let notes = Notes()
        weak var gone: EventLoop?
        var ears: [Ear] = []
        do {
            let loop = try EventLoop()
            gone = loop
            try connectPair(loop) { server, client in
                ears = [Ear(server), Ear(client)]
                ears[1].send(Blob(count: 1000, seed: 1).storage)
                loop.timer(afterMillis: 60_000) { Issue.record("too late") }
                loop.stop()
            }
            loop.run()
            loop.submit { notes.total += 1 }
            #expect(ears.map(\.closedCount) == [0, 0])
        }
        #expect(gone == nil)
        #expect(notes.total == 1)
        #expect(ears.map(\.closedCount) == [1, 1])
        #expect(ears.allSatisfy { $0.error?.isCancelled == true })
    }

    @Test("a value in a box for another loop's thread is reached on that thread")
    func loopBound() throws {
        try withLoop { loop in
            let box = LoopBound(Blob(count: 3, seed: 1), on: loop)
            _ = try LoopThread(name: "sender") {
                loop.submit {
                    #expect(box.value.storage.count == 3)
                    loop.stop()
                }
            }
        }
    }
}
