/// The HEADERS frame by which the library hears of a stream whose request went past it: as short a
/// request as its checks let pass.
///
/// The library must know that a stream has begun, and nothing of its list.
@safe
struct RepeatedRequest: ~Copyable {
    /// `:method: CONNECT` and `:authority: a`, names of the static table, values spelt out and not
    /// added: CONNECT needs no more, and other methods need twice as many fields.
    private static let block: [UInt8] =
        [0x02, 0x07] + Array("CONNECT".utf8) + [0x01, 0x01, UInt8(ascii: "a")]

    private let frame: UnsafeMutablePointer<UInt8>
    private let frameBytes: Int

    init() {
        frameBytes = FrameScanner.headBytes + Self.block.count
        unsafe frame = .allocate(capacity: frameBytes)
        unsafe frame.initialize(repeating: 0, count: frameBytes)
        unsafe frame[FrameScanner.lengthOffset] = UInt8(Self.block.count)
        unsafe frame[3] = FrameType.headers
        for (index, byte) in Self.block.enumerated() {
            unsafe frame[FrameScanner.headBytes + index] = byte
        }
    }

    deinit { unsafe frame.deallocate() }

    /// The beginning of stream `id`, or all of what its peer sends.
    func frame(_ id: Int32, hasEnded: Bool) -> UnsafeBufferPointer<UInt8> {
        unsafe frame[4] = FrameFlag.endOfHeaders | (hasEnded ? FrameFlag.endOfStream : 0)
        unsafe UnsafeMutableRawPointer(frame + FrameScanner.streamOffset)
            .storeBytes(of: id.bigEndian, as: Int32.self)
        return unsafe UnsafeBufferPointer(start: frame, count: frameBytes)
    }

    /// Whether the library would treat a stream with this list no differently: it looks at the
    /// method, at the length that is promised for the body and at the priority.
    static func canStandFor(_ list: borrowing HeaderFields) -> Bool {
        var isPost = false
        for index in 0..<list.count {
            let name = list.name(index)
            if isText(name, ":method") {
                isPost = isText(list.value(index), "POST")
            } else if isText(name, ":protocol") || isText(name, "content-length")
                || isText(name, "priority")
            {
                return false
            }
        }
        return isPost
    }

    private static func isText(_ bytes: Span<UInt8>, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        for index in bytes.indices where unsafe bytes[index] != text.utf8Start[index] {
            return false
        }
        return true
    }
}
