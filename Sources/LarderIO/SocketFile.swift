#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The file of a Unix socket that we listen at, known by its inode.
struct SocketFile: Sendable {
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    init?(path: String) {
        guard let status = Self.status(of: path) else { return nil }
        self.path = path
        device = status.st_dev
        inode = status.st_ino
    }

    /// Removes the file, unless somebody has put another one in its place.
    func remove() {
        guard let now = Self.status(of: path), now.st_dev == device, now.st_ino == inode else {
            return
        }
        _ = unsafe unlink(path)
    }

    /// Removes what a server that is gone has left. A live server's socket is EADDRINUSE, and a
    /// file that is no socket is left alone.
    static func removeStale(_ path: String, _ context: String) throws(IOError) {
        guard let status = status(of: path) else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw IOError(
                code: "EEXIST", message: "a file that is no socket stands there", context: context)
        }
        guard let name = SocketName(path: path) else { return }
        let probe = try FileDescriptor.socket(family: AF_UNIX, context)
        let number = probe.number
        let result = unsafe name.withPointer { unsafe connect(number, $0, name.length) }
        let reason = errno
        guard result != 0, reason == ECONNREFUSED else {
            // Connected, or its queue is full (EAGAIN), or it is not ours to judge.
            if result != 0, reason != EAGAIN { throw IOError(errno: reason, context) }
            throw IOError(errno: EADDRINUSE, context)
        }
        guard unsafe unlink(path) == 0 || errno == ENOENT else {
            throw IOError(errno: errno, context)
        }
    }

    private static func status(of path: String) -> stat? {
        var result = stat()
        return unsafe lstat(path, &result) == 0 ? result : nil
    }
}
