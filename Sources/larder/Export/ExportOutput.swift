#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Where an export goes: a temporary file that takes its name at the end, or standard output.
/// A device or a pipe is written to as it is.
///
/// Gathers bytes; can go back to a former place as long as it is a file.
struct ExportOutput {
    private static let heldBytesMax = 256 << 10

    /// nil: standard output.
    let path: String?
    /// Where the bytes lie until they are whole; nil: nothing takes another name.
    let temporaryPath: String?
    private let file: OpenFile
    private var held: [UInt8] = []
    private var writtenBytes: UInt64 = 0

    init(path: String?) throws(CommandFailure) {
        self.path = path
        guard let path else {
            temporaryPath = nil
            file = .standardOutput
            return
        }
        let temporary = "\(path).partial-\(getpid())"
        temporaryPath = Self.isReplaceable(path) ? temporary : nil
        file = try .writing(temporaryPath ?? path, for: path)
    }

    /// Whether nothing stands there, or a file: what is more than its bytes is not replaced.
    private static func isReplaceable(_ path: String) -> Bool {
        var found = stat()
        return unsafe stat(path, &found) != 0 || found.st_mode & S_IFMT == S_IFREG
    }

    /// What was appended can be taken back.
    var canGoBack: Bool { temporaryPath != nil }

    var offset: UInt64 { writtenBytes + UInt64(held.count) }

    mutating func append(_ fill: (inout [UInt8]) -> Void) throws(CommandFailure) {
        fill(&held)
        if held.count >= Self.heldBytesMax { try flush() }
    }

    /// Forgets what was appended behind `offset`.
    mutating func goBack(to offset: UInt64) throws(CommandFailure) {
        try flush()
        try file.truncate(to: offset)
        writtenBytes = offset
    }

    /// Writes the rest and gives the file its name.
    mutating func finish() throws(CommandFailure) {
        try flush()
        guard let path, let temporaryPath else { return }
        try file.synchronize()
        guard unsafe rename(temporaryPath, path) == 0 else {
            throw .unwritable(path, errno: errno)
        }
    }

    /// Removes the unfinished file of an output.
    static func discard(_ temporaryPath: String?) {
        if let temporaryPath { _ = unsafe unlink(temporaryPath) }
    }

    private mutating func flush() throws(CommandFailure) {
        guard !held.isEmpty else { return }
        try file.write(held)
        writtenBytes += UInt64(held.count)
        held.removeAll(keepingCapacity: true)
    }
}
