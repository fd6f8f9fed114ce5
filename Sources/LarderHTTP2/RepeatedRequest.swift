/// The HEADERS frame that the library gets in place of one whose list is known: as short a request
/// as its checks let pass.
///
/// The library must know that a stream has begun, and nothing of its list. Its own decoder stays in
/// step: what the block in whose place it stands adds to the table stands in this one as well.
@safe
struct RepeatedRequest: ~Copyable {
    // The last byte of three.
    private static let lengthOffset = 2
    private static let flagsOffset = 4
    private static let streamOffset = 5
    /// `:method: CONNECT` and `:authority: a`, names of the static table, values spelt out and not
    /// added: CONNECT needs no more, and other methods need twice as many fields.
    private static let block: [UInt8] =
        [0x02, 0x07] + Array("CONNECT".utf8) + [0x01, 0x01, UInt8(ascii: "a")]
    private static let headersType: UInt8 = 1
    /// What it may carry of another block.
    static let addedBytesMax = 64

    private let frame: UnsafeMutablePointer<UInt8>
    private let frameBytes: Int

    init() {
        frameBytes = FrameScanner.headBytes + Self.block.count
        unsafe frame = .allocate(capacity: frameBytes + Self.addedBytesMax)
        unsafe frame.initialize(repeating: 0, count: frameBytes + Self.addedBytesMax)
        unsafe frame[Self.lengthOffset] = UInt8(Self.block.count)
        unsafe frame[3] = Self.headersType
        for (index, byte) in Self.block.enumerated() {
            unsafe frame[FrameScanner.headBytes + index] = byte
        }
    }

    deinit { unsafe frame.deallocate() }

    /// The frame in place of the one with this head: the same stream, the same flags.
    func frame(for head: UnsafePointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        unsafe frame(FrameScanner.streamID(head), flags: head[Self.flagsOffset])
    }

    /// The beginning of stream `id`, or all of what its peer sends.
    func frame(_ id: Int32, hasEnded: Bool) -> UnsafeBufferPointer<UInt8> {
        unsafe frame(id, flags: FrameFlag.endOfHeaders | (hasEnded ? FrameFlag.endOfStream : 0))
    }

    private func frame(_ id: Int32, flags: UInt8) -> UnsafeBufferPointer<UInt8> {
        unsafe frame[Self.lengthOffset] = UInt8(Self.block.count)
        unsafe frame[Self.flagsOffset] = flags
        unsafe UnsafeMutableRawPointer(frame + Self.streamOffset)
            .storeBytes(of: id.bigEndian, as: Int32.self)
        return unsafe UnsafeBufferPointer(start: frame, count: frameBytes)
    }

    /// The same with a field behind the others, as it stands in the block in question.
    func frame(
        for head: UnsafePointer<UInt8>, adding field: UnsafeBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<UInt8> {
        precondition(field.count <= Self.addedBytesMax, "the frame has room for the field")
        _ = unsafe frame(for: head)
        if let source = field.baseAddress {
            unsafe (frame + frameBytes).update(from: source, count: field.count)
        }
        unsafe frame[Self.lengthOffset] = UInt8(Self.block.count + field.count)
        return unsafe UnsafeBufferPointer(start: frame, count: frameBytes + field.count)
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
