import LarderHTTP2

/// Header lists as a gRPC client and server send them.
enum Fields {
    static let request = HeaderBlock([
        (":method", "POST"), (":scheme", "http"), (":path", "/larder.v1.CacheService/Get"),
        (":authority", "localhost"), ("content-type", "application/grpc"), ("te", "trailers"),
    ])
    static let ok = HeaderBlock.everlasting(okFields)
    static let trailers = HeaderBlock.everlasting(trailersFields)
    /// The same, which nghttp2 has to encode each time.
    static let passingOk = HeaderBlock(okFields)
    static let passingTrailers = HeaderBlock(trailersFields)
    static let failure = HeaderBlock([
        (":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "12"),
    ])

    private static let okFields = [(":status", "200"), ("content-type", "application/grpc")]
    private static let trailersFields = [("grpc-status", "0")]

    static let okText = [":status: 200", "content-type: application/grpc"]
    static let trailersText = ["grpc-status: 0"]
}

/// Bytes that are sent by reference, and whose end can be seen through a weak reference.
@safe
final class Tail: OutgoingBytes {
    // Never changes after `init`, and goes with the object.
    private let storage: UnsafeMutableBufferPointer<UInt8>

    init(_ content: [UInt8]) {
        unsafe storage = .allocate(capacity: content.count)
        _ = unsafe storage.initialize(from: content)
    }

    deinit { unsafe storage.deallocate() }

    var bytes: Span<UInt8> {
        @_lifetime(borrow self) get {
            let span = unsafe Span(_unsafeElements: UnsafeBufferPointer(storage))
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}

/// Sees when an object is gone.
struct WeakTail {
    weak var tail: Tail?
    init(_ tail: Tail) { self.tail = tail }
}

/// Bytes that tell their place, so that a lost or doubled piece shows. They repeat after a prime
/// number of bytes, which no frame or window is a multiple of.
func pattern(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    let block = (0..<min(count, 4093)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + block.count)
    while bytes.count < count { bytes += block }
    bytes.removeLast(bytes.count - count)
    return bytes
}

/// SplitMix64: every run can be repeated from its seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Frames as raw bytes, for what a well-behaved client would not send.
enum RawFrame {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    static let settings = frame(type: 4, flags: 0, stream: 0, payload: [])

    static func settings(_ entries: [(id: UInt8, value: UInt32)]) -> [UInt8] {
        frame(
            type: 4, flags: 0, stream: 0,
            payload: entries.flatMap { [0, $0.id] + bigEndian($0.value) })
    }

    static func frame(type: UInt8, flags: UInt8, stream: UInt32, payload: [UInt8]) -> [UInt8] {
        let count = UInt32(payload.count)
        let length = [UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)]
        return length + [type, flags] + bigEndian(stream) + payload
    }

    static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(value >> $0 & 255) }
    }

    /// A POST request's header block without any compression state.
    static let requestBlock: [UInt8] =
        [0x83, 0x86] + literal(4, "/x") + literal(1, "localhost")

    /// A literal that is not indexed: name from the static table, value plain.
    static func literal(_ name: UInt8, _ value: String) -> [UInt8] {
        [name, UInt8(value.utf8.count)] + Array(value.utf8)
    }

    static func literal(_ name: String, _ value: String) -> [UInt8] {
        [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)]
            + Array(value.utf8)
    }

    static func headers(
        stream: UInt32, block: [UInt8] = requestBlock, endStream: Bool = false
    ) -> [UInt8] {
        frame(type: 1, flags: endStream ? 5 : 4, stream: stream, payload: block)
    }

    static func data(stream: UInt32, _ payload: [UInt8], endStream: Bool = false) -> [UInt8] {
        frame(type: 0, flags: endStream ? 1 : 0, stream: stream, payload: payload)
    }

    static func windowUpdate(_ increment: UInt32, stream: UInt32 = 0) -> [UInt8] {
        frame(type: 8, flags: 0, stream: stream, payload: bigEndian(increment))
    }

    static func reset(stream: UInt32, code: UInt32 = 8) -> [UInt8] {
        frame(type: 3, flags: 0, stream: stream, payload: bigEndian(code))
    }
}
