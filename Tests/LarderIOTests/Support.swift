import LarderIO
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Runs a loop until the test stops it. One that is not stopped fails instead of hanging.
func withLoop(_ body: (EventLoop) throws -> Void) throws {
    let loop = try EventLoop()
    try body(loop)
    let net = loop.timer(afterMillis: 120_000) { [weak loop] in
        Issue.record("nothing stopped the loop")
        loop?.stop()
    }
    loop.run()
    net.cancel()
    loop.closeAll()
}

/// A delegate made of closures, that remembers what it was told.
final class Ear: ByteStreamDelegate {
    let stream: ByteStream
    var bytes: [UInt8] = []
    var closedCount = 0
    var error: IOError?
    var onReceived: ((Ear, Span<UInt8>) -> Void)?
    var onDrained: ((Ear) -> Void)?
    var onClosed: ((Ear) -> Void)?
    /// Set while the test is inside a call to the stream.
    var isInside = false

    @discardableResult
    init(_ stream: ByteStream, start: Bool = true) {
        self.stream = stream
        stream.delegate = self
        if start { stream.start() }
    }

    func received(_ bytes: Span<UInt8>) {
        #expect(closedCount == 0, "received comes before closed")
        if let onReceived { return onReceived(self, bytes) }
        append(bytes)
    }

    func append(_ span: Span<UInt8>) {
        for index in span.indices { bytes.append(span[index]) }
    }

    func drained() { onDrained?(self) }

    func closed(_ error: IOError?) {
        #expect(!isInside, "closed is not called from inside another call")
        closedCount += 1
        self.error = error
        onClosed?(self)
    }

    func send(_ bytes: [UInt8]) {
        expectTaken(stream.output.append(copying: bytes.span))
        stream.flush()
    }
}

/// Bytes with an owner, as a value in a cache.
@safe
final class Blob {
    let storage: [UInt8]
    private let memory: UnsafeMutableBufferPointer<UInt8>

    init(count: Int, seed: UInt64) {
        storage = pattern(count: count, seed: seed)
        unsafe memory = .allocate(capacity: count)
        _ = unsafe memory.initialize(from: storage)
    }

    deinit {
        // Whoever reads after the end shall see it.
        unsafe memory.update(repeating: 0xdd)
        unsafe memory.deallocate()
    }

    var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span(_unsafeElements: UnsafeBufferPointer(memory))
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}

/// Repeatable bytes without a period that could hide an exchange of two pieces.
func pattern(count: Int, seed: UInt64) -> [UInt8] {
    var state = seed
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        for index in 0..<count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            unsafe buffer[index] = UInt8(truncatingIfNeeded: state >> 56)
        }
        filled = count
    }
}

let loopback = SocketAddress.ip(host: "127.0.0.1", port: 0)

/// A path that no other run uses, in the folder for such things.
func socketPath(_ name: String) -> String {
    "/tmp/larder-io-\(getpid())-\(name).sock"
}

/// The two ends of one connection at `address`, on one loop.
func connectPair(
    _ loop: EventLoop, at address: SocketAddress = loopback,
    _ ready: @escaping (_ server: ByteStream, _ client: ByteStream) -> Void
) throws {
    var ends: (server: ByteStream?, client: ByteStream?) = (nil, nil)
    var listener: Listener?
    func check() {
        guard let server = ends.server, let client = ends.client else { return }
        ends = (nil, nil)
        listener?.close()
        listener = nil
        ready(server, client)
    }
    let made = try Listener(loop: loop, address: address) { stream in
        ends.server = stream
        check()
    }
    listener = made
    ByteStream.connect(loop: loop, address: made.boundAddress, timeoutMillis: 60_000) { result in
        switch result {
        case .success(let stream):
            ends.client = stream
            check()
        case .failure(let error):
            Issue.record(error)
            loop.stop()
        }
    }
}

/// A counter for several threads' use, and other facts that tests share with jobs.
final class Notes: @unchecked Sendable {
    var values: [Int: [Int]] = [:]
    var total = 0
}

/// For an append's answer: the macro cannot take spans.
func expectTaken(_ isTaken: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(isTaken, "the queue takes it", sourceLocation: sourceLocation)
}
