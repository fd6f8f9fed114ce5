#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// An open file descriptor that closes itself unless somebody takes it over.
struct FileDescriptor: ~Copyable {
    let number: Int32

    init(_ number: Int32) {
        self.number = number
    }

    deinit {
        _ = close(number)
    }

    /// The number, which is the caller's to close from here on.
    consuming func take() -> Int32 {
        let taken = number
        discard self
        return taken
    }
}

#if canImport(Glibc)
private let streamType = Int32(SOCK_STREAM.rawValue)
#else
private let streamType = SOCK_STREAM
#endif

extension FileDescriptor {
    /// A new stream socket: does not block, is not inherited by child processes.
    static func socket(family: Int32, _ context: String) throws(IOError) -> FileDescriptor {
        #if canImport(Glibc)
        let number = Glibc.socket(family, streamType, 0)
        #else
        let number = Darwin.socket(family, streamType, 0)
        #endif
        guard number >= 0 else { throw IOError(errno: errno, context) }
        let result = FileDescriptor(number)
        result.makeNonblocking()
        return result
    }

    func makeNonblocking() {
        let flags = fcntl(number, F_GETFL, 0)
        _ = fcntl(number, F_SETFL, flags | O_NONBLOCK)
        closeOnExec()
    }

    func closeOnExec() {
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    }

    func setOption(_ level: Int32, _ option: Int32, _ value: Int32) -> Bool {
        var value = value
        let size = socklen_t(MemoryLayout<Int32>.size)
        return unsafe setsockopt(number, level, option, &value, size) == 0
    }

    func duplicate(_ context: String) throws(IOError) -> FileDescriptor {
        let copy = fcntl(number, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw IOError(errno: errno, context) }
        return FileDescriptor(copy)
    }
}
