// A whole connection: bytes in, HTTP/2, calls, methods over a cache, bytes out, and a drain in the
// middle of it. Input: see `SessionScript`; the second of its answers is when the drain begins.
//
// What a connection knows of its calls has no package API: those files are built into this target.

import LarderCache
import LarderGRPC
import LarderHTTP2
import LarderService

@c(LLVMFuzzerTestOneInput)
func oneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = unsafe FuzzInput(start, count)
    let script = SessionScript(&input)
    var run = ConnectionRun(script)
    run.play()
    return 0
}

private let blocks = AnswerBlocks()

private struct ConnectionRun: ~Copyable {
    private static let drainsMax = 100_000

    private let script: SessionScript
    private let services: Services
    private var calls: ConnectionCalls
    private var scratch: CallScratch
    private var nowNanos: UInt64 = 1_000_000_000_000
    private var frames = FrameCounter()

    init(_ script: SessionScript) {
        self.script = script
        var limits = Limits()
        limits.messageBytesMax = 20_000
        limits.exportMessageBytes = 512
        limits.exportPendingBytesMax = 2_048
        services = Services(
            cache: Cache(
                Cache.Configuration(
                    budgetBytes: 1 << 16, seed: HashSeed(1, 2, 3, 4), shardCount: 2)),
            limits: limits, nodeID: "node", serverVersion: "1", health: HealthState(), startID: 7,
            compression: true)
        scratch = CallScratch(services)
        var options = SessionOptions()
        options.maxConcurrentStreams = 8
        options.maxHeaderListBytes = 2048
        calls = ConnectionCalls(services: services, blocks: blocks, options: options)
    }

    mutating func play() {
        let drainAt = Int(script.answers[1])
        for (index, piece) in script.pieces.enumerated() {
            if index == drainAt { beginDrain() }
            nowNanos += 1_000_000
            do throws(HTTP2Error) {
                try calls.receive(piece.span, nowNanos: nowNanos, scratch: &scratch)
            } catch {
                _ = flush()
                return forget()
            }
            passDeadlines()
            guard flush() else { return forget() }
        }
        calls.continueDrain()
        calls.endAll(.draining)
        _ = flush()
        forget()
    }

    private mutating func beginDrain() {
        services.health.phase = .shuttingDown
        calls.beginDrain(nowNanos: nowNanos, scratch: &scratch)
    }

    /// Timers run out for every other call that asked for one.
    private mutating func passDeadlines() {
        for (ref, atNanos) in calls.takeDeadlines() where atNanos % 2 == 0 {
            guard calls.openCall(ref) != nil else { continue }
            calls.cancel(ref, .deadlineExceeded)
        }
    }

    /// False: the connection is of no more use.
    private mutating func flush() -> Bool {
        let isStingy = script.isStingy
        var drains = 0
        var isMoving = true
        while isMoving {
            var written: [UInt8] = []
            do throws(HTTP2Error) {
                try calls.session.drain { bytes, _ in
                    for index in bytes.indices { written.append(bytes[index]) }
                    return !isStingy
                }
            } catch {
                return false
            }
            frames.count(written)
            isMoving = calls.handleDrained(nowNanos: nowNanos, scratch: &scratch)
            isMoving = isMoving || !written.isEmpty
            drains += 1
            precondition(drains < Self.drainsMax, "output comes to an end")
        }
        precondition(frames.isBetweenFrames, "a drained session has said whole frames")
        return true
    }

    private mutating func forget() {
        calls.forgetAll()
        services.cache.checkInvariants()
    }
}
