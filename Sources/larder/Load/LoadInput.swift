import LarderClient

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What a load reads: a file, or standard input.
struct LoadInput {
    private static let chunkBytes = 1 << 20
    private static let detectionBytes = 64 << 10

    /// nil: standard input.
    let path: String?
    /// The file's length, when it is known.
    let byteCount: UInt64?
    private let modifiedMillis: UInt64
    /// The same for one file, by whatever name.
    private let identity: String
    private let file: OpenFile
    private var held: [UInt8] = []
    private(set) var readBytes: UInt64 = 0

    init(path: String?) throws(CommandFailure) {
        self.path = path
        guard let path else {
            file = .standardInput
            byteCount = nil
            modifiedMillis = 0
            identity = ""
            return
        }
        file = try .reading(path)
        var found = stat()
        guard unsafe fstat(file.number, &found) == 0 else {
            throw .unreadable(path, errno: errno)
        }
        let kind = found.st_mode & S_IFMT
        guard kind != S_IFDIR else { throw .unreadable(path, "is a directory") }
        byteCount = kind == S_IFREG ? UInt64(clamping: found.st_size) : nil
        let device = UInt64(truncatingIfNeeded: found.st_dev)
        identity = "\(String(device, radix: 16))-\(String(found.st_ino, radix: 16))"
        modifiedMillis =
            UInt64(clamping: found.st_mtim.tv_sec) * 1_000
            + UInt64(clamping: found.st_mtim.tv_nsec) / 1_000_000
    }

    /// Whether the input can be read from its beginning once more.
    var isRepeatable: Bool { byteCount != nil }

    var name: String { path ?? "standard input" }

    /// The same for the same file as long as it is not changed.
    var derivedSessionID: String {
        "load-\(identity)-\(byteCount ?? 0)-\(modifiedMillis)"
    }

    /// Looks at the beginning.
    mutating func detectFormat() throws(CommandFailure) -> InputFormat {
        // Go on until a line is there to be judged by.
        while held.count < Self.detectionBytes, !held.contains(0x0A) {
            guard let more = try readChunk() else { break }
            held += more
        }
        return InputFormat.detect(firstBytes: held, fileName: path)
    }

    /// The next bytes; nil at the end.
    mutating func next() throws(CommandFailure) -> [UInt8]? {
        let chunk: [UInt8]
        if held.isEmpty {
            guard let more = try readChunk() else { return nil }
            chunk = more
        } else {
            chunk = held
            held = []
        }
        readBytes += UInt64(chunk.count)
        return chunk
    }

    /// Back to the beginning.
    mutating func rewind() throws(CommandFailure) {
        held = []
        readBytes = 0
        try file.seek(0)
    }

    private func readChunk() throws(CommandFailure) -> [UInt8]? {
        let chunk = try file.read(bytesMax: Self.chunkBytes)
        return chunk.isEmpty ? nil : chunk
    }
}
