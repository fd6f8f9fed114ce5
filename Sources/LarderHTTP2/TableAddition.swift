/// The HEADERS frame by which the library's decoder hears of a field that a block adds to its table,
/// when the request itself goes past the library.
///
/// It carries the field alone, as it stands in the block, and is about a stream that is over: such a
/// block is decoded, for the table must stay in step (RFC 9113, 4.3), and nothing else is done with
/// it.
@safe
struct TableAddition: ~Copyable {
    /// A field that is spelt longer goes with its block.
    static let fieldBytesMax = 64

    private let frame: UnsafeMutablePointer<UInt8>

    init() {
        let bytes = FrameScanner.headBytes + Self.fieldBytesMax
        unsafe frame = .allocate(capacity: bytes)
        unsafe frame.initialize(repeating: 0, count: bytes)
        unsafe frame[3] = FrameType.headers
        unsafe frame[4] = FrameFlag.endOfHeaders
    }

    deinit { unsafe frame.deallocate() }

    func frame(
        adding field: UnsafeBufferPointer<UInt8>, on stream: Int32
    ) -> UnsafeBufferPointer<UInt8> {
        precondition(field.count <= Self.fieldBytesMax, "the frame has room for the field")
        unsafe frame[FrameScanner.lengthOffset] = UInt8(field.count)
        unsafe UnsafeMutableRawPointer(frame + FrameScanner.streamOffset)
            .storeBytes(of: stream.bigEndian, as: Int32.self)
        if let source = field.baseAddress {
            unsafe (frame + FrameScanner.headBytes).update(from: source, count: field.count)
        }
        return unsafe UnsafeBufferPointer(
            start: frame, count: FrameScanner.headBytes + field.count)
    }
}
