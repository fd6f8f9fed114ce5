import CLibuv

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension SocketName {
    /// More addresses of one name than this are not tried.
    static let addressesMax = 16

    /// All addresses of a host, which may be a literal. Blocks while a name is resolved.
    static func lookUp(
        _ host: String, port: UInt16, _ context: String
    ) throws(IOError) -> [SocketName] {
        if let name = SocketName(literal: host, port: port) { return [name] }
        var hints = unsafe Self.hints
        var found: UnsafeMutablePointer<addrinfo>?
        let result = unsafe getaddrinfo(host, "\(port)", &hints, &found)
        guard result == 0 else {
            let reason = unsafe String(cString: gai_strerror(result))
            throw IOError(code: "ENOTFOUND", message: reason, context: context)
        }
        defer { unsafe freeaddrinfo(found) }
        return unsafe names(in: found)
    }

    static var hints: addrinfo {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
        unsafe hints.ai_socktype = SOCK_STREAM
        #endif
        return unsafe hints
    }

    static func names(in list: UnsafeMutablePointer<addrinfo>?) -> [SocketName] {
        var names: [SocketName] = []
        var next = unsafe list
        while let entry = unsafe next, names.count < addressesMax {
            let info = unsafe entry.pointee
            if let name = unsafe SocketName(copying: info.ai_addr, length: Int(info.ai_addrlen)) {
                names.append(name)
            }
            unsafe next = info.ai_next
        }
        return names
    }
}
