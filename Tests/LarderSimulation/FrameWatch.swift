/// Reads along with the bytes that a client has sent, as far as they have come to the server: which
/// bodies have come how far, and which have ended.
///
/// So it is known what the server has been asked, and in which order, without asking the server.
struct FrameWatch {
    enum Sight {
        case body(stream: Int32, bytes: Int)
        case ended(stream: Int32)
    }

    private static let prefaceBytes = 24
    private static let headBytes = 9
    private static let data: UInt8 = 0
    private static let headers: UInt8 = 1
    private static let endStream: UInt8 = 1

    private var prefaceLeft = Self.prefaceBytes
    private var head: [UInt8] = []
    private var payloadLeft = 0

    private var type: UInt8 { head[3] }
    private var endsStream: Bool { head[4] & Self.endStream != 0 }
    private var stream: Int32 {
        Int32(head[5] & 0x7F) << 24 | Int32(head[6]) << 16 | Int32(head[7]) << 8 | Int32(head[8])
    }

    /// Tells of what `bytes` say, in order.
    mutating func watch(_ bytes: ArraySlice<UInt8>, tell: (Sight) -> Void) {
        var rest = bytes.dropFirst(prefaceLeft)
        prefaceLeft -= min(prefaceLeft, bytes.count)
        while !rest.isEmpty {
            if head.count < Self.headBytes {
                let missing = rest.prefix(Self.headBytes - head.count)
                head += missing
                rest = rest.dropFirst(missing.count)
                guard head.count == Self.headBytes else { return }
                payloadLeft = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            } else {
                let payload = min(payloadLeft, rest.count)
                if type == Self.data { tell(.body(stream: stream, bytes: payload)) }
                payloadLeft -= payload
                rest = rest.dropFirst(payload)
            }
            if payloadLeft == 0 {
                let isStream = type == Self.data || type == Self.headers
                if isStream, endsStream { tell(.ended(stream: stream)) }
                head.removeAll(keepingCapacity: true)
            }
        }
    }
}
