internal import CZstd

/// A zstd stream being unpacked, piece by piece.
@safe
struct ZstdStream: ~Copyable {
    static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
    private static let outputBytes = 1 << 20

    // Owned, and freed exactly once; the library touches the two buffers during a call only.
    private let stream: OpaquePointer
    private var output = [UInt8](repeating: 0, count: outputBytes)
    /// Whether the bytes so far end with a whole frame.
    private(set) var isAtFrameEnd = true

    init?() {
        guard let stream = unsafe ZSTD_createDStream() else { return nil }
        unsafe self.stream = unsafe stream
    }

    deinit {
        unsafe ZSTD_freeDStream(stream)
    }

    /// Unpacks `input` and hands what comes out to `body`. `false`: the input is no zstd;
    /// `consumedBytes` tells how far it was.
    mutating func unpack(
        _ input: [UInt8], consumedBytes: inout Int,
        _ body: (borrowing Span<UInt8>) throws(CommandFailure) -> Void
    ) throws(CommandFailure) -> Bool {
        consumedBytes = 0
        var isOutputFull = false
        while consumedBytes < input.count || isOutputFull {
            var written = 0
            var taken = consumedBytes
            let left = unsafe input.withUnsafeBytes { source in
                unsafe output.withUnsafeMutableBytes { target in
                    var from = unsafe ZSTD_inBuffer(
                        src: source.baseAddress, size: source.count, pos: taken)
                    var to = unsafe ZSTD_outBuffer(
                        dst: target.baseAddress, size: target.count, pos: 0)
                    let left = unsafe ZSTD_decompressStream(stream, &to, &from)
                    written = unsafe to.pos
                    taken = unsafe from.pos
                    return left
                }
            }
            guard ZSTD_isError(left) == 0 else { return false }
            consumedBytes = taken
            isOutputFull = written == output.count
            isAtFrameEnd = left == 0
            if written > 0 { try body(output.span.extracting(first: written)) }
        }
        return true
    }
}
