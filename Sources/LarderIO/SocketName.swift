import CLibuv

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// An address as the kernel takes it: a `sockaddr` of any family.
@safe
struct SocketName {
    private var storage = sockaddr_storage()
    private(set) var length: socklen_t = 0

    /// An IPv4 or IPv6 address in its usual writing; nil for a name.
    init?(literal host: String, port: UInt16) {
        var four = sockaddr_in()
        var six = sockaddr_in6()
        if unsafe uv_ip4_addr(host, Int32(port), &four) == 0 {
            copy(of: four)
        } else if unsafe uv_ip6_addr(host, Int32(port), &six) == 0 {
            copy(of: six)
        } else {
            return nil
        }
    }

    /// - Parameter path: at most `SocketAddress.pathBytesMax` bytes, no zero among them.
    init?(path: String) {
        var name = sockaddr_un()
        let bytes = Array(path.utf8)
        guard bytes.count <= SocketAddress.pathBytesMax else { return nil }
        name.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &name.sun_path) { target in
            for index in bytes.indices { unsafe target[index] = bytes[index] }
        }
        copy(of: name)
    }

    /// A copy of what the system wrote at `pointer`.
    init?(copying pointer: UnsafePointer<sockaddr>?, length: Int) {
        guard let pointer = unsafe pointer, length <= MemoryLayout<sockaddr_storage>.size else {
            return nil
        }
        unsafe withUnsafeMutableBytes(of: &storage) { target in
            unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: length))
        }
        self.length = socklen_t(length)
    }

    /// What `fill` (as `getsockname`) writes; nil if it fails.
    init?(filledBy fill: (UnsafeMutablePointer<sockaddr>, inout socklen_t) -> Bool) {
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isFilled = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe fill($0, &size)
            }
        }
        guard isFilled, size <= MemoryLayout<sockaddr_storage>.size else { return nil }
        length = size
    }

    private mutating func copy<Name>(of name: Name) {
        unsafe withUnsafeMutableBytes(of: &storage) { target in
            unsafe target.storeBytes(of: name, as: Name.self)
        }
        length = socklen_t(MemoryLayout<Name>.size)
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>) -> Result) -> Result {
        unsafe withUnsafePointer(to: storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0) }
        }
    }

    private func read<Name>(as type: Name.Type) -> Name {
        unsafe withUnsafeBytes(of: storage) { unsafe $0.load(as: type) }
    }

    var family: Int32 { Int32(storage.ss_family) }
    var isIPv6: Bool { family == AF_INET6 }

    var isLoopback: Bool {
        switch family {
        case AF_INET: UInt32(bigEndian: read(as: sockaddr_in.self).sin_addr.s_addr) >> 24 == 127
        case AF_INET6: isLoopbackIPv6
        default: family == AF_UNIX
        }
    }

    var isUnspecified: Bool {
        switch family {
        case AF_INET: read(as: sockaddr_in.self).sin_addr.s_addr == 0
        case AF_INET6: addressBytes.allSatisfy { $0 == 0 }
        default: false
        }
    }

    private var addressBytes: [UInt8] {
        let address = read(as: sockaddr_in6.self).sin6_addr
        return unsafe withUnsafeBytes(of: address) { unsafe Array($0) }
    }

    private var isLoopbackIPv6: Bool {
        let bytes = addressBytes
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        if bytes.starts(with: mapped) { return bytes[12] == 127 }
        return bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }

    /// Nil for a family that this room does not speak, and for a Unix socket without a name.
    var address: SocketAddress? {
        switch family {
        case AF_INET:
            .ip(host: host, port: UInt16(bigEndian: read(as: sockaddr_in.self).sin_port))
        case AF_INET6:
            .ip(host: host, port: UInt16(bigEndian: read(as: sockaddr_in6.self).sin6_port))
        case AF_UNIX: path.isEmpty ? nil : .unix(path: path)
        default: nil
        }
    }

    private var host: String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            guard let base = buffer.baseAddress else { return "" }
            unsafe base.initialize(repeating: 0, count: 64)
            unsafe withPointer { _ = unsafe uv_ip_name($0, base, 64) }
            return unsafe String(cString: base)
        }
    }

    private var path: String {
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        guard length > offset else { return "" }
        return unsafe withUnsafeBytes(of: storage) { bytes in
            let text = unsafe bytes[offset..<Int(length)].prefix { $0 != 0 }
            return unsafe String(decoding: text, as: UTF8.self)
        }
    }
}
