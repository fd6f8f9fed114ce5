import LarderServer

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file or a standard stream that a command reads or writes. What is wrong with it is one line
/// with the system's reason.
///
/// Foundation is not linked for it: the server would hold 6 MiB more.
final class OpenFile: Sendable {
    static let standardInput = OpenFile(number: STDIN_FILENO, path: nil)
    static let standardOutput = OpenFile(number: STDOUT_FILENO, path: nil)

    let number: Int32
    /// nil: a standard stream, which stays open.
    private let path: String?

    private init(number: Int32, path: String?) {
        self.number = number
        self.path = path
    }

    deinit {
        if path != nil { close(number) }
    }

    /// - Throws: why the file could not be read now; it is not opened, for it may be a pipe.
    static func checkReadable(_ path: String) throws(CommandFailure) {
        guard unsafe access(path, R_OK) == 0 else { throw .unreadable(path, errno: errno) }
    }

    /// - Throws: why the file could not be written now; it is neither made nor opened.
    static func checkWritable(_ path: String) throws(CommandFailure) {
        var found = stat()
        if unsafe stat(path, &found) == 0 {
            guard found.st_mode & S_IFMT != S_IFDIR else { throw .unwritable(path, errno: EISDIR) }
            guard unsafe access(path, W_OK) == 0 else { throw .unwritable(path, errno: errno) }
            return
        }
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "."
        guard unsafe access(String(folder), W_OK | X_OK) == 0 else {
            throw .unwritable(path, errno: errno)
        }
    }

    static func reading(_ path: String) throws(CommandFailure) -> OpenFile {
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { throw .unreadable(path, errno: errno) }
        return OpenFile(number: number, path: path)
    }

    /// Opens a file as `flags` say; it is made if it is not there. What is wrong with it is said of
    /// `name`, if it stands for that file.
    static func writing(
        _ path: String, for name: String? = nil, flags: Int32 = O_WRONLY | O_TRUNC,
        permissions: mode_t = 0o666
    ) throws(CommandFailure) -> OpenFile {
        let number = unsafe open(path, flags | O_CREAT | O_CLOEXEC, permissions)
        guard number >= 0 else { throw .unwritable(name ?? path, errno: errno) }
        return OpenFile(number: number, path: name ?? path)
    }

    /// Whether it is a terminal.
    var isTerminal: Bool { isatty(number) == 1 }

    /// What is there, at most so many bytes; empty at the end.
    func read(bytesMax: Int) throws(CommandFailure) -> [UInt8] {
        var fault: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: bytesMax) { buffer, count in
            var taken = 0
            repeat {
                taken = unsafe systemRead(number, buffer.baseAddress, buffer.count)
            } while taken < 0 && errno == EINTR
            if taken < 0 { fault = errno }
            count = max(taken, 0)
        }
        guard fault == 0 else { throw .unreadable(path, errno: fault) }
        return bytes
    }

    /// All that is there from here on.
    func readToEnd() throws(CommandFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let more = try read(bytesMax: 1 << 20)
            guard !more.isEmpty else { return bytes }
            bytes += more
        }
    }

    func write(_ bytes: [UInt8]) throws(CommandFailure) {
        var offset = 0
        while offset < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { buffer in
                unsafe systemWrite(
                    number, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
            }
            if written >= 0 {
                offset += written
            } else if errno != EINTR {
                let fault = errno
                if fault == EPIPE, path == nil { ClosedPipe.end() }
                throw .unwritable(path, errno: fault)
            }
        }
    }

    /// Goes to a place, and tells where that is from the beginning.
    @discardableResult
    func seek(_ offset: Int, from origin: Int32 = SEEK_SET) throws(CommandFailure) -> UInt64 {
        let place = lseek(number, off_t(offset), origin)
        guard place >= 0 else { throw .unreadable(path, errno: errno) }
        return UInt64(place)
    }

    /// Forgets what stands behind `bytes`, and goes there.
    func truncate(to bytes: UInt64) throws(CommandFailure) {
        guard ftruncate(number, off_t(clamping: bytes)) == 0 else {
            throw .unwritable(path, errno: errno)
        }
        try seek(Int(clamping: bytes))
    }

    /// Returns once the bytes have reached the disk.
    func synchronize() throws(CommandFailure) {
        guard fsync(number) == 0 else { throw .unwritable(path, errno: errno) }
    }
}

// Inside the type `read` and `write` would name its own.
private func systemRead(_ number: Int32, _ target: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    unsafe read(number, target, count)
}

private func systemWrite(_ number: Int32, _ source: UnsafeRawPointer?, _ count: Int) -> Int {
    unsafe write(number, source, count)
}

extension CommandFailure {
    /// Without a path: standard input.
    static func unreadable(_ path: String?, _ reason: String) -> CommandFailure {
        let name = path.map { OneLine.quoted($0) } ?? "standard input"
        return CommandFailure(
            "cannot read \(name): \(reason)", exitCode: ClientExit.unreadableInput)
    }

    static func unreadable(_ path: String?, errno number: Int32) -> CommandFailure {
        unreadable(path, FileContents.Failure(errno: number).description)
    }

    /// Without a path: standard output.
    static func unwritable(_ path: String?, errno number: Int32) -> CommandFailure {
        let name = path.map { OneLine.quoted($0) } ?? "standard output"
        let reason = FileContents.Failure(errno: number).description
        return CommandFailure(
            "cannot write \(name): \(reason)", exitCode: ClientExit.unwritableOutput)
    }
}
