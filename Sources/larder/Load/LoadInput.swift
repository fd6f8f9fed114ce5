import Foundation
import LarderClient
import LarderServer

/// What a load reads: a file, or standard input.
struct LoadInput {
    private static let chunkBytes = 1 << 20
    private static let detectionBytes = 64 << 10

    /// nil: standard input.
    let path: String?
    /// The file's length, when it is known.
    let byteCount: UInt64?
    private let modifiedMillis: UInt64
    private var handle: FileHandle
    private var held: [UInt8] = []
    private(set) var readBytes: UInt64 = 0

    init(path: String?) throws(CommandFailure) {
        self.path = path
        guard let path else {
            handle = .standardInput
            byteCount = nil
            modifiedMillis = 0
            return
        }
        handle = try .reading(path)
        var found = stat()
        guard unsafe fstat(handle.fileDescriptor, &found) == 0 else {
            throw .unreadable(path, FileContents.Failure(errno: errno).description)
        }
        let kind = found.st_mode & S_IFMT
        guard kind != S_IFDIR else { throw .unreadable(path, "is a directory") }
        byteCount = kind == S_IFREG ? UInt64(clamping: found.st_size) : nil
        modifiedMillis =
            UInt64(clamping: found.st_mtim.tv_sec) * 1_000
            + UInt64(clamping: found.st_mtim.tv_nsec) / 1_000_000
    }

    /// Whether the input can be read from its beginning once more.
    var isRepeatable: Bool { byteCount != nil }

    var name: String { path ?? "standard input" }

    /// The same for the same file as long as it is not changed.
    var derivedSessionID: String {
        let whole = URL(fileURLWithPath: path ?? "").standardizedFileURL.path
        // FNV-1a: the path may be longer than a session's name.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in whole.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return "load-\(String(hash, radix: 16))-\(byteCount ?? 0)-\(modifiedMillis)"
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
        do {
            try handle.seek(toOffset: 0)
        } catch {
            throw .unreadable(path, error)
        }
    }

    // A pipe gives what it has: Foundation's reads would wait for all that was asked for.
    private func readChunk() throws(CommandFailure) -> [UInt8]? {
        let number = handle.fileDescriptor
        var fault: Int32 = 0
        let chunk = unsafe [UInt8](unsafeUninitializedCapacity: Self.chunkBytes) { buffer, count in
            var taken = 0
            repeat {
                taken = unsafe read(number, buffer.baseAddress, buffer.count)
            } while taken < 0 && errno == EINTR
            if taken < 0 { fault = errno }
            count = max(taken, 0)
        }
        guard fault == 0 else {
            throw .unreadable(path, FileContents.Failure(errno: fault).description)
        }
        return chunk.isEmpty ? nil : chunk
    }
}
