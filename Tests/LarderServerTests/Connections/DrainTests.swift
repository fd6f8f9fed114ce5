import LarderGRPC
import LarderHTTP2
import LarderProtocol
import LarderServer
import LarderService
import Testing

@Suite("Draining a connection's calls")
struct DrainTests {
    let pair = CallPair()

    private func beginDrain() {
        pair.services.health.phase = .shuttingDown
        pair.calls.beginDrain(nowNanos: pair.nowNanos, scratch: &pair.scratch)
    }

    @Test("first the notice and a ping, after the round trip the last stream")
    func twoSteps() throws {
        let open = try pair.open("BulkLoad", isEnded: false)
        let before = try pair.call("Get", GetRequest(key: [1]))
        try pair.run()
        #expect(!pair.hasSeenDrainPing)
        beginDrain()
        // On its way while the notice is, too.
        let between = try pair.call("Get", GetRequest(key: [1]))
        try pair.run()
        #expect(pair.goAways.map(\.lastStreamID) == [.max])
        #expect(pair.goAways.map(\.code) == [0])
        #expect(pair.hasSeenDrainPing)
        #expect(pair.status(before).isOK)
        #expect(pair.status(between).isOK)
        #expect(!pair.isFinished)
        pair.calls.continueDrain()
        try pair.run()
        #expect(pair.goAways.map(\.lastStreamID) == [.max, between.id])
        #expect(pair.goAways.map(\.code) == [0, 0])
        #expect(throws: CallPair.Refused.self) { try pair.open("GetLimits") }
        #expect(!pair.isFinished)
        pair.client.reset(open, code: 8)
        try pair.run()
        #expect(pair.isFinished)
        #expect(pair.isQuiet)
    }

    @Test("calls that are open finish after the second step")
    func openCallsFinish() throws {
        try pair.store("a", .pattern(3_000))
        let get = try pair.open("Get", isEnded: false)
        let load = try pair.open("BulkLoad", isEnded: false)
        pair.send(load, BulkLoadRequest(.start(BulkLoadStart(sessionID: "s"))))
        try pair.run()
        beginDrain()
        try pair.run()
        pair.calls.continueDrain()
        try pair.run()
        #expect(!pair.isFinished)
        pair.send(get, GetRequest(key: [UInt8(ascii: "a")]), isEnded: true)
        pair.client.endBody(load)
        try pair.run()
        let read: GetResponse = try pair.answer(get).message()
        #expect(read.value == .pattern(3_000))
        #expect(pair.status(load).isOK)
        #expect(pair.isFinished)
        #expect(pair.isQuiet)
    }

    @Test("a health watcher hears that the server goes, and then its end")
    func watch() throws {
        let stream = try pair.call("/grpc.health.v1.Health/Watch", HealthCheckRequest(service: ""))
        let late = try pair.open("/grpc.health.v1.Health/Watch", isEnded: false)
        try pair.run()
        beginDrain()
        try pair.run()
        pair.send(late, HealthCheckRequest(service: ""), isEnded: true)
        try pair.run()
        let states: [HealthCheckResponse] = try pair.answer(stream).messages()
        #expect(states.map(\.status) == [.serving, .notServing])
        let lateStates: [HealthCheckResponse] = try pair.answer(late).messages()
        #expect(lateStates.map(\.status) == [.notServing])
        #expect(pair.status(stream).code == .unavailable)
        #expect(pair.status(late).code == .unavailable)
        #expect(pair.isQuiet)
    }

    @Test("calls that outlast the drain end UNAVAILABLE, however far they have come")
    func endAll() throws {
        let headersOnly = try pair.open("Get", isEnded: false)
        let timed = try pair.open("Get", isEnded: false, timeoutNanos: 1_000_000_000)
        let torn = try pair.open("Set", bytes: [0, 0], isEnded: false)
        let load = try pair.open("BulkLoad", isEnded: false)
        let begun = try pair.open("BulkLoad", isEnded: false)
        pair.send(begun, BulkLoadRequest(.start(BulkLoadStart(sessionID: "s"))))
        let export = try pair.open("Export", isEnded: false)
        try pair.run()
        beginDrain()
        try pair.run()
        pair.calls.endAll(.draining)
        pair.calls.continueDrain()
        try pair.run()
        for stream in [headersOnly, timed, torn, load, begun, export] {
            #expect(pair.status(stream).code == .unavailable)
            #expect(pair.answer(stream).errorInfo?.reason == "DRAINING")
        }
        #expect(pair.isFinished)
        #expect(pair.isQuiet)
    }
}
