import CZlib

/// Packs messages, each by itself, as long as that makes them smaller.
///
/// A message is given in pieces: `begin`, `append` as often as needed, `finish`. Made once and
/// reused: what zlib needs (about 260 KiB) is taken with the first message and kept.
@safe
package struct Deflater: ~Copyable {
    /// A message that has not lost an eighth after so much of it is left as it is.
    package static let sampleBytes = 4 << 10
    private static let sampleGain = 8
    private static let stepBytes = 16 << 10
    /// Larger storage is not kept for the next message.
    private static let keptBytesMax = 64 << 10
    /// The least effort: answers wait for it, and others behind them.
    private static let level: Int32 = 1
    private static let memoryLevel: Int32 = 8

    // At an address of its own: zlib's state points back to it.
    private var stream: UnsafeMutablePointer<z_stream>?
    private var encoding = MessageEncoding.identity
    private var output: [UInt8] = []
    private var bytesMax = 0
    private var sampleLeft = 0
    private var isGivenUp = true

    package init() {}

    deinit { unsafe Self.end(stream) }

    /// Begins a message of `messageBytes`. It is given up when it does not shrink, unless it is to
    /// be packed `always`.
    package mutating func begin(
        _ encoding: MessageEncoding, messageBytes: Int, always: Bool = false
    ) {
        clear()
        bytesMax = always ? .max : messageBytes - 1
        sampleLeft = always || messageBytes <= Self.sampleBytes ? .max : Self.sampleBytes
        isGivenUp = unsafe readied(for: encoding) == nil
    }

    /// Takes the next piece of the message.
    package mutating func append(_ bytes: Span<UInt8>) {
        var offset = 0
        while offset < bytes.count, !isGivenUp {
            let count = min(bytes.count - offset, sampleLeft)
            run(
                bytes.extracting(offset..<(offset + count)),
                count == sampleLeft ? Z_BLOCK : Z_NO_FLUSH)
            offset += count
            sampleLeft -= count
            guard sampleLeft == 0 else { continue }
            if output.count > Self.sampleBytes - Self.sampleBytes / Self.sampleGain {
                isGivenUp = true
            }
            sampleLeft = .max
        }
    }

    /// The message is whole.
    ///
    /// - Returns: whether `deflated` is worth sending in its place.
    package mutating func finish() -> Bool {
        let nothing: [UInt8] = []
        run(nothing.span, Z_FINISH)
        return !isGivenUp
    }

    /// The message, packed.
    package var deflated: Span<UInt8> {
        @_lifetime(borrow self)
        get { output.span }
    }

    private mutating func run(_ bytes: Span<UInt8>, _ flush: Int32) {
        guard !isGivenUp, let stream = unsafe stream else { return }
        unsafe bytes.withUnsafeBufferPointer { source in
            unsafe stream.pointee.next_in = source.baseAddress
            unsafe stream.pointee.avail_in = UInt32(source.count)
            while true {
                let room = min(Self.stepBytes, bytesMax - output.count)
                guard room > 0 else {
                    isGivenUp = true
                    return
                }
                let code = unsafe step(stream, flush, room: room)
                if code == Z_STREAM_END { return }
                // Nothing left to do is no error here.
                guard code == Z_OK || code == Z_BUF_ERROR else {
                    isGivenUp = true
                    return
                }
                let isDone = unsafe stream.pointee.avail_in == 0 && stream.pointee.avail_out > 0
                if isDone, flush != Z_FINISH { return }
            }
        }
    }

    private mutating func step(
        _ stream: UnsafeMutablePointer<z_stream>, _ flush: Int32, room: Int
    ) -> Int32 {
        var code = Z_OK
        output.append(addingCapacity: room) { target in
            unsafe target.withUnsafeMutableBufferPointer { buffer, count in
                unsafe stream.pointee.next_out = buffer.baseAddress.map { unsafe $0 + count }
                unsafe stream.pointee.avail_out = UInt32(room)
                code = unsafe deflate(stream, flush)
                unsafe count += room - Int(stream.pointee.avail_out)
            }
        }
        return code
    }

    private mutating func clear() {
        if output.capacity > Self.keptBytesMax {
            output = []
        } else {
            output.removeAll(keepingCapacity: true)
        }
    }

    /// The stream, ready for a message in this format. It has one format at a time: hardly a
    /// caller does without gzip.
    private mutating func readied(for encoding: MessageEncoding) -> UnsafeMutablePointer<z_stream>?
    {
        if let stream = unsafe stream, encoding == self.encoding {
            return unsafe deflateReset(stream) == Z_OK ? stream : nil
        }
        unsafe Self.end(stream)
        unsafe stream = nil
        let made = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe made.initialize(to: z_stream())
        let code = unsafe deflateInit2_(
            made, Self.level, Z_DEFLATED, ZlibFormat.windowBits(of: encoding), Self.memoryLevel,
            Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            unsafe made.deallocate()
            return nil
        }
        unsafe stream = made
        self.encoding = encoding
        return unsafe made
    }

    private static func end(_ stream: UnsafeMutablePointer<z_stream>?) {
        guard let stream = unsafe stream else { return }
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }
}
