import CLibuv

/// What a socket did not take at once: alive, with all its bytes, until libuv calls back.
@safe
final class PendingWrite {
    let stream: ByteStream
    let bytesCount: Int
    /// Those of them that are kept alive by nobody else.
    let copiedBytes: Int
    private let request: UnsafeMutablePointer<uv_write_t>
    private let copies: UnsafeMutablePointer<UInt8>
    private var owners: [AnyObject] = []

    /// Copies what lies in the arena, which others need now, and takes over the owners.
    private init(_ rest: OutputRest, of stream: ByteStream) {
        self.stream = stream
        unsafe request = .allocate(capacity: 1)
        var copiedBytes = 0
        var bytesCount = 0
        let range = unsafe rest.first..<(rest.first + rest.count)
        for index in range {
            let length = unsafe rest.block.segments[index].len
            bytesCount += length
            if unsafe rest.block.owners[index] == nil { copiedBytes += length }
        }
        self.bytesCount = bytesCount
        self.copiedBytes = copiedBytes
        unsafe copies = .allocate(capacity: max(copiedBytes, 1))
        var target = unsafe copies
        for index in range {
            if let owner = unsafe rest.block.owners[index] {
                unsafe owners.append(owner.takeRetainedValue())
                continue
            }
            let length = unsafe rest.block.segments[index].len
            let moved = UnsafeMutableRawPointer(target)
            unsafe moved.copyMemory(from: rest.block.segments[index].base, byteCount: length)
            unsafe rest.block.segments[index].base = moved.assumingMemoryBound(to: CChar.self)
            unsafe target += length
        }
    }

    deinit {
        unsafe request.deallocate()
        unsafe copies.deallocate()
    }

    /// - Returns: what libuv has been given, or its error.
    static func start(_ rest: OutputRest, on stream: ByteStream) -> Result<PendingWrite, IOError> {
        let write = unsafe PendingWrite(rest, of: stream)
        let segments = unsafe rest.block.segments + rest.first
        unsafe write.request.pointee.data = Unmanaged.passRetained(write).toOpaque()
        // libuv copies the list of segments, not their bytes.
        let result = unsafe uv_write(
            write.request, stream.view(as: uv_stream_t.self), segments, UInt32(rest.count)
        ) { request, status in
            guard let request = unsafe request else { return }
            let write = unsafe Unmanaged<PendingWrite>.fromOpaque(request.pointee.data)
                .takeRetainedValue()
            write.owners = []
            write.stream.didWrite(status)
        }
        guard result == 0 else {
            unsafe Unmanaged.passUnretained(write).release()
            return .failure(IOError(libuv: result, "write"))
        }
        return .success(write)
    }
}
