/// Reads a trace from a file, unpacked where it is packed.
enum TraceReader {
    private static let chunkBytes = 1 << 20

    /// The trace at `path`, which gets this name.
    static func read(
        path: String, name: String, format: TraceFormat
    ) throws(CommandFailure) -> Trace {
        let file = try OpenFile.reading(path)
        var trace = Trace(name: name)
        var records = TraceRecords(
            format: format == .auto ? TraceFormat.told(by: path) : format, path: path)
        var chunk = try file.read(bytesMax: chunkBytes)
        if chunk.starts(with: ZstdStream.magic) {
            guard var stream = ZstdStream() else {
                throw CommandFailure("no memory to unpack \(path)", exitCode: 71)
            }
            var offset: UInt64 = 0
            while !chunk.isEmpty {
                var consumed = 0
                let isZstd = try stream.unpack(chunk, consumedBytes: &consumed) {
                    (bytes) throws(CommandFailure) in
                    try records.take(bytes, to: &trace)
                }
                guard isZstd else {
                    throw CommandFailure(
                        "\(path): malformed zstd (at packed byte \(offset + UInt64(consumed)))",
                        exitCode: ClientExit.malformedInput)
                }
                offset += UInt64(chunk.count)
                chunk = try file.read(bytesMax: chunkBytes)
            }
            guard stream.isAtFrameEnd else {
                throw CommandFailure(
                    "\(path): the zstd stream is cut off (at packed byte \(offset))",
                    exitCode: ClientExit.malformedInput)
            }
        } else {
            while !chunk.isEmpty {
                try records.take(chunk.span, to: &trace)
                chunk = try file.read(bytesMax: chunkBytes)
            }
        }
        try records.finish(to: &trace)
        return trace
    }
}
