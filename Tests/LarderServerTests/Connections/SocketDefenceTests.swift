import LarderHTTP2
import LarderIO
import LarderProtocol
import LarderServer
import LarderService
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@Suite("Defences of a connection's socket")
struct SocketDefenceTests {
    private static let pollMillis: UInt64 = 5
    private static let callsInOneGo = 1_000

    @Test("control frames that wait in too great a number end the connection")
    func outputFlood() throws {
        var running: LoopServer?
        try withLoop { loop in
            var limits = ConnectionLimits()
            limits.session.maxConcurrentStreams = 100_000
            limits.outboundFramesCeiling = 500
            let server = LoopServer(loop, limits: limits)
            try store("k", .pattern(1 << 20), in: server.services, nowNanos: loop.nowNanos)
            let get = framed(GetRequest(key: Array("k".utf8)).encoded())
            try server.connect { client in
                // It never reads: answers fill the socket, and then its calls are refused.
                client.stream.start()
                client.stream.pauseReading()
                Self.send(
                    RawFrame.preface
                        + RawFrame.frame(type: 4, stream: 0, [0, 4, 0x7F, 0xFF, 0xFF, 0xFF])
                        + RawFrame.settingsAcknowledgement
                        + RawFrame.windowUpdate(stream: 0, 1 << 30), on: client.stream)
                var next: UInt32 = 1
                loop.timer(afterMillis: Self.pollMillis, repeatMillis: Self.pollMillis) {
                    guard let stream = server.lastStream, !stream.isClosed else {
                        return loop.stop()
                    }
                    guard !client.stream.isWriting else { return }
                    var bytes: [UInt8] = []
                    if stream.isWriting {
                        for _ in 0..<Self.callsInOneGo {
                            bytes += RawFrame.headers(stream: next, path: "/no.such/Method")
                            next += 2
                        }
                    } else {
                        bytes += RawFrame.headers(stream: next)
                        bytes += RawFrame.data(stream: next, get, isEnded: true)
                        next += 2
                    }
                    Self.send(bytes, on: client.stream)
                }
            }
            running = server
        }
        #expect(running?.services.defences.value(.outputFlood) == 1)
    }

    private static func send(_ bytes: [UInt8], on stream: ByteStream) {
        let isTaken = stream.output.append(copying: bytes.span)
        #expect(isTaken, "the queue is empty")
        stream.flush()
    }

    @Test("what was sent and is not acknowledged has its time, told to the system")
    func unacknowledged() throws {
        #if os(Linux)
        var limits = ConnectionLimits()
        // Nobody else's in this process.
        limits.times.unreadNanos = 54_321_000_000
        var found: [UInt32] = []
        var running: LoopServer?
        try withLoop { loop in
            let server = LoopServer(loop, limits: limits)
            try server.connect { client in
                client.stream.start()
                found = Self.userTimeouts().filter { $0 > 54_321 && $0 < 70_000 }
                loop.stop()
            }
            running = server
        }
        #expect(found == [64_321] && running != nil)
        #endif
    }

    #if os(Linux)
    /// TCP_USER_TIMEOUT, in milliseconds, of every TCP socket of the process.
    private static func userTimeouts() -> [UInt32] {
        (0..<4_096 as Range<Int32>).compactMap { descriptor in
            var value: UInt32 = 0
            var size = socklen_t(MemoryLayout<UInt32>.size)
            let result = unsafe getsockopt(
                descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &value, &size)
            return result == 0 ? value : nil
        }
    }
    #endif
}
