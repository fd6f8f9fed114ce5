import LarderGRPC
import LarderProtocol
import LarderServer
import LarderService
import Testing

/// One method more: says when it was woken, which it asks for at its beginning.
private struct Waking: FurtherMethods {
    static let method = Method.further(0, .serverStreaming, "test.Waking/Wake")

    func method(path: Span<UInt8>) -> Method? {
        text(path) == "/test.Waking/Wake" ? Self.method : nil
    }

    func open(_ method: Method, metadata: [Field], nowNanos: UInt64) -> any StreamingCall {
        WakingCall(metadata.first { $0.name == "x-echo" }?.value ?? "")
    }
}

private final class WakingCall: StreamingCall {
    private let echo: String

    init(_ echo: String) { self.echo = echo }

    func received(_ message: Span<UInt8>, nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        var extras = ReplyExtras()
        extras.wakeAtNanos = nowNanos + 5
        reply.extras = extras
    }

    func halfClosed(nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {}
    func writable(nowNanos: UInt64, reply: inout Reply) {}

    func woken(nowNanos: UInt64, reply: inout Reply) {
        reply.beginMessage()
        reply.bytes.uint(1, always: nowNanos)
        reply.endMessage()
        var extras = ReplyExtras()
        extras.headers = [(name: "x-first", value: echo)]
        extras.trailers = [(name: "x-last", value: echo)]
        reply.extras = extras
        reply.status = .ok
    }

    func cancelled() {}
}

@Suite("Further methods")
struct FurtherMethodsTests {
    @Test("a further method has the metadata, may wait, and sends metadata of its own")
    func called() throws {
        let pair = CallPair(further: Waking())
        let stream = try pair.open(
            "/test.Waking/Wake", bytes: framed([]), metadata: [(name: "x-echo", value: "again")])
        try pair.run()
        #expect(!pair.answer(stream).isClosed)
        let wakes = pair.calls.takeWakes()
        #expect(wakes.map(\.atNanos) == [pair.nowNanos + 5])
        let wake = try #require(wakes.first)
        pair.calls.wake(wake.stream, nowNanos: wake.atNanos, scratch: &pair.scratch)
        try pair.run()
        let answer = pair.answer(stream)
        #expect(answer.status.isOK)
        #expect(answer.messages.count == 1)
        #expect(answer.field("x-first") == "again")
        #expect(answer.field("x-last") == "again")
        // Late, as timers can be.
        pair.calls.wake(wake.stream, nowNanos: wake.atNanos, scratch: &pair.scratch)
        #expect(pair.isQuiet)
    }

    @Test("the server's own methods, and unknown ones, are what they were")
    func others() throws {
        let pair = CallPair(further: Waking())
        let own = try pair.open("GetLimits", bytes: framed([]))
        let unknown = try pair.open("/test.Waking/Sleep", bytes: framed([]))
        try pair.run()
        #expect(pair.status(own).isOK)
        #expect(pair.status(unknown).code == .unimplemented)
        #expect(pair.isQuiet)
    }

    @Test("without further methods their paths are unknown")
    func without() throws {
        let pair = CallPair()
        let stream = try pair.open("/test.Waking/Wake", bytes: framed([]))
        try pair.run()
        #expect(pair.status(stream).code == .unimplemented)
        #expect(pair.isQuiet)
    }
}
