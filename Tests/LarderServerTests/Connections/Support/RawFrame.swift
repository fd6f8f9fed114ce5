/// Frames as raw bytes, for what a well-behaved client would not send.
enum RawFrame {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    static let settings = frame(type: 4, stream: 0)
    static let settingsAcknowledgement = frame(type: 4, flags: 1, stream: 0)

    static func frame(
        type: UInt8, flags: UInt8 = 0, stream: UInt32, _ payload: [UInt8] = []
    ) -> [UInt8] {
        let count = UInt32(payload.count)
        return [UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags]
            + bigEndian(stream) + payload
    }

    static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(value >> $0 & 255) }
    }

    /// A gRPC request's header list without any compression state.
    static func headers(
        stream: UInt32, path: String = "/larder.v1.CacheService/Get", isEnded: Bool = false
    ) -> [UInt8] {
        let block =
            [0x83, 0x86] + literal(4, path) + literal(1, "localhost")
            + literal(31, "application/grpc")
        return frame(type: 1, flags: isEnded ? 5 : 4, stream: stream, block)
    }

    private static func literal(_ name: UInt8, _ value: String) -> [UInt8] {
        (name < 15 ? [name] : [15, name - 15]) + [UInt8(value.utf8.count)] + Array(value.utf8)
    }

    static func data(stream: UInt32, _ payload: [UInt8], isEnded: Bool = false) -> [UInt8] {
        frame(type: 0, flags: isEnded ? 1 : 0, stream: stream, payload)
    }

    static func reset(stream: UInt32) -> [UInt8] {
        frame(type: 3, stream: stream, bigEndian(8))
    }

    static func windowUpdate(stream: UInt32, _ bytes: UInt32) -> [UInt8] {
        frame(type: 8, stream: stream, bigEndian(bytes))
    }

    static func ping(isAcknowledgement: Bool = false) -> [UInt8] {
        frame(type: 6, flags: isAcknowledgement ? 1 : 0, stream: 0, [1, 2, 3, 4, 5, 6, 7, 8])
    }
}
