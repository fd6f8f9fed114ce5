import CLibuv

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A socket that listens at one address, to be served by one loop or by several.
///
/// Bound and listening when `init` returns, so a taken address is known then. A Unix socket's file
/// is removed when the last user lets go, if it is still the same file.
@safe
package final class ListeningSocket: Sendable {
    package static let backlogDefault = 1024

    /// What was asked for, with the port that the system chose in place of 0.
    package let boundAddress: SocketAddress
    private let number: Int32
    private let file: SocketFile?

    /// Binds and listens; what is wrong with the address, EADDRINUSE too, is thrown here.
    ///
    /// `unixMode` are the permissions of a Unix socket's file; nil leaves what the umask says.
    package init(
        _ address: SocketAddress, backlog: Int = backlogDefault,
        unixMode: UInt32? = nil
    ) throws(IOError) {
        let context = "listen on \(address)"
        let opened: FileDescriptor
        switch address {
        case .unix(let path):
            opened = try Self.bindUnix(path, context)
            file = SocketFile(path: path)
            // Nobody gets in before it listens.
            if let unixMode, unsafe chmod(path, mode_t(unixMode)) != 0 {
                let error = errno
                file?.remove()
                throw IOError(errno: error, context)
            }
        case .ip(let host, let port):
            opened = try Self.bindInternet(host, port, context)
            file = nil
        }
        guard listen(opened.number, Int32(clamping: backlog)) == 0 else {
            let error = errno
            file?.remove()
            throw IOError(errno: error, context)
        }
        boundAddress = Self.name(of: opened)?.address ?? address
        number = opened.take()
    }

    deinit {
        file?.remove()
        _ = FileDescriptor(number)
    }

    /// A second descriptor of the same socket: each loop polls one of its own.
    func duplicate() throws(IOError) -> FileDescriptor {
        let own = FileDescriptor(number)
        do throws(IOError) {
            let copy = try own.duplicate("listen on \(boundAddress)")
            _ = own.take()
            return copy
        } catch {
            _ = own.take()
            throw error
        }
    }

    private static func name(of socket: borrowing FileDescriptor) -> SocketName? {
        let number = socket.number
        return unsafe SocketName { pointer, size in unsafe getsockname(number, pointer, &size) == 0
        }
    }

    // MARK: Internet

    private static func bindInternet(
        _ host: String, _ port: UInt16, _ context: String
    ) throws(IOError) -> FileDescriptor {
        if host.isEmpty {
            // One IPv6 socket hears IPv4 too. A machine without IPv6 still has the other.
            if let every = SocketName(literal: "::", port: port) {
                do throws(IOError) {
                    return try bindInternet(every, context)
                } catch {
                    guard error.code == "EAFNOSUPPORT" || error.code == "EADDRNOTAVAIL" else {
                        throw error
                    }
                }
            }
            guard let every = SocketName(literal: "0.0.0.0", port: port) else {
                throw .malformed("no address", context)
            }
            return try bindInternet(every, context)
        }
        let names = try SocketName.lookUp(host, port: port, context)
        // A name with addresses of both families: IPv4, which every client of "localhost" tries.
        guard let name = names.first(where: { !$0.isIPv6 }) ?? names.first else {
            throw IOError(code: "ENOTFOUND", message: "the host has no address", context: context)
        }
        return try bindInternet(name, context)
    }

    private static func bindInternet(
        _ name: SocketName, _ context: String
    ) throws(IOError) -> FileDescriptor {
        let socket = try FileDescriptor.socket(family: name.family, context)
        _ = socket.setOption(SOL_SOCKET, SO_REUSEADDR, 1)
        if name.isIPv6 {
            _ = socket.setOption(Int32(IPPROTO_IPV6), IPV6_V6ONLY, name.isUnspecified ? 0 : 1)
        }
        let number = socket.number
        guard unsafe name.withPointer({ unsafe bind(number, $0, name.length) }) == 0 else {
            throw IOError(errno: errno, context)
        }
        return socket
    }

    // MARK: Unix

    private static func bindUnix(
        _ path: String, _ context: String
    ) throws(IOError) -> FileDescriptor {
        guard let name = SocketName(path: path) else {
            throw IOError(
                code: "ENAMETOOLONG", message: "the socket's path is too long", context: context)
        }
        try SocketFile.removeStale(path, context)
        let socket = try FileDescriptor.socket(family: AF_UNIX, context)
        let number = socket.number
        guard unsafe name.withPointer({ unsafe bind(number, $0, name.length) }) == 0 else {
            throw IOError(errno: errno, context)
        }
        return socket
    }
}
