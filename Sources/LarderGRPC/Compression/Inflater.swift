import CZlib

/// Unpacks compressed messages, each by itself and within a bound.
///
/// Made once and reused: what zlib needs (about 40 KiB) is taken with the first message and kept.
@safe
package struct Inflater: ~Copyable {
    /// So much is unpacked at a time, and memory for it taken.
    private static let stepBytes = 16 << 10
    /// Larger storage is not kept for the next message.
    package static let keptBytesMax = 64 << 10

    // At an address of its own: zlib's state points back to it.
    private var stream: UnsafeMutablePointer<z_stream>?
    private var storage: [UInt8] = []
    /// What the last message came to, or what of it was unpacked before it turned out to be wrong.
    package private(set) var unpackedBytes = 0

    package init() {}

    deinit {
        guard let stream = unsafe stream else { return }
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// The message that is packed in `bytes`. Never more than one byte over `bytesMax` is unpacked,
    /// whatever they say. Of gzip, several members make one message.
    ///
    /// - Complexity: O(input + output).
    package mutating func inflate(
        _ bytes: Span<UInt8>, as encoding: MessageEncoding, bytesMax: UInt32
    ) throws(InflateError) -> [UInt8] {
        unpackedBytes = 0
        guard let stream = unsafe readied(for: encoding) else { throw .outOfMemory }
        guard let count = UInt32(exactly: bytes.count) else { throw .corrupt }
        var output: [UInt8] = []
        swap(&output, &storage)
        do throws(InflateError) {
            try unsafe bytes.withUnsafeBufferPointer { (source) throws(InflateError) in
                unsafe stream.pointee.next_in = source.baseAddress
                unsafe stream.pointee.avail_in = count
                try unsafe Self.run(
                    stream, mayGoOn: encoding == .gzip, bytesMax: Int(bytesMax), into: &output)
            }
        } catch {
            unpackedBytes = output.count
            reuse(output)
            throw error
        }
        unpackedBytes = output.count
        return output
    }

    /// Takes a message's memory back, to unpack others into.
    package mutating func reuse(_ message: consuming [UInt8]) {
        guard message.capacity <= Self.keptBytesMax else { return }
        message.removeAll(keepingCapacity: true)
        storage = message
    }

    private static func run(
        _ stream: UnsafeMutablePointer<z_stream>, mayGoOn: Bool, bytesMax: Int,
        into output: inout [UInt8]
    ) throws(InflateError) {
        while true {
            // One byte over the bound tells that there is more.
            let room = min(stepBytes, bytesMax - output.count + 1)
            let code = unsafe step(stream, room: room, into: &output)
            guard output.count <= bytesMax else { throw .tooLarge(limitBytes: UInt32(bytesMax)) }
            switch code {
            case Z_OK: continue
            case Z_STREAM_END:
                if unsafe stream.pointee.avail_in == 0 { return }
                guard mayGoOn else { throw .surplus }
                guard unsafe inflateReset(stream) == Z_OK else { throw .corrupt }
            case Z_BUF_ERROR: throw .truncated
            case Z_MEM_ERROR: throw .outOfMemory
            default: throw .corrupt
            }
        }
    }

    private static func step(
        _ stream: UnsafeMutablePointer<z_stream>, room: Int, into output: inout [UInt8]
    ) -> Int32 {
        var code = Z_OK
        output.append(addingCapacity: room) { target in
            unsafe target.withUnsafeMutableBufferPointer { buffer, count in
                unsafe stream.pointee.next_out = buffer.baseAddress.map { unsafe $0 + count }
                unsafe stream.pointee.avail_out = UInt32(room)
                code = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
                unsafe count += room - Int(stream.pointee.avail_out)
            }
        }
        return code
    }

    /// The stream, ready for a message in this format.
    private mutating func readied(for encoding: MessageEncoding) -> UnsafeMutablePointer<z_stream>?
    {
        let windowBits = ZlibFormat.windowBits(of: encoding)
        if let stream = unsafe stream {
            return unsafe inflateReset2(stream, windowBits) == Z_OK ? stream : nil
        }
        let made = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe made.initialize(to: z_stream())
        let code = unsafe inflateInit2_(
            made, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            unsafe made.deallocate()
            return nil
        }
        unsafe stream = made
        return unsafe made
    }
}

/// zlib's numbers for the formats that it reads and writes.
enum ZlibFormat {
    /// The largest window, which every reader has to have.
    private static let windowBits: Int32 = 15
    private static let gzip: Int32 = 16

    static func windowBits(of encoding: MessageEncoding) -> Int32 {
        switch encoding {
        case .gzip: windowBits + gzip
        case .deflate: windowBits
        case .identity: preconditionFailure("what is not compressed has no format")
        }
    }
}
