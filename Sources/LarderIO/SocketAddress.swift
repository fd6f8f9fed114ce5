/// Where to listen or whom to call: a host and port, or the path of a Unix socket.
///
/// An empty host means every interface to a listener, and this machine to a caller.
package enum SocketAddress: Hashable, Sendable, CustomStringConvertible {
    case ip(host: String, port: UInt16)
    case unix(path: String)

    /// The longest host name that DNS knows.
    private static let hostBytesMax = 253
    /// `sun_path` with its closing zero holds 108 bytes on Linux, 104 elsewhere.
    static let pathBytesMax = 103

    /// Reads "127.0.0.1:7070", "[::1]:7070", "localhost:7070", ":7070" (every interface),
    /// "unix:/path" or "unix:path". Port 0 lets the system choose.
    package init(parsing text: String) throws(IOError) {
        if text.utf8.starts(with: "unix:".utf8) {
            self = try Self.unixSocket(text)
        } else {
            self = try Self.internet(text)
        }
    }

    package var description: String {
        switch self {
        case .ip(let host, let port):
            host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// Whether only this machine can reach it. Judged by what is written: nothing is looked up.
    package var isLoopback: Bool {
        switch self {
        case .ip(let host, let port):
            if let name = SocketName(literal: host, port: port) { return name.isLoopback }
            let lower = host.lowercased()
            return lower == "localhost" || lower.hasSuffix(".localhost")
        case .unix: return true
        }
    }

    // MARK: Parsing

    private static func unixSocket(_ text: String) throws(IOError) -> SocketAddress {
        let path = String(text.dropFirst("unix:".count))
        guard !path.isEmpty else { throw .malformed("no path after unix:", text) }
        guard path.utf8.count <= pathBytesMax else {
            throw IOError(
                code: "ENAMETOOLONG",
                message: "a socket's path has at most \(pathBytesMax) bytes", context: text)
        }
        guard !path.utf8.contains(0) else { throw .malformed("a path holds no zero byte", text) }
        return .unix(path: path)
    }

    private static func internet(_ text: String) throws(IOError) -> SocketAddress {
        guard let colon = text.lastIndex(of: ":") else {
            throw .malformed("no port: write host:port", text)
        }
        let hostText = text[..<colon]
        let port = try portNumber(text[text.index(after: colon)...], in: text)
        if hostText.isEmpty { return .ip(host: "", port: port) }
        if hostText.first == "[" {
            guard hostText.last == "]", hostText.count > 2 else {
                throw .malformed("the bracket around the IPv6 address is not closed", text)
            }
            let host = String(hostText.dropFirst().dropLast())
            guard SocketName(literal: host, port: port)?.isIPv6 == true else {
                throw .malformed("what stands in brackets is no IPv6 address", text)
            }
            return .ip(host: host, port: port)
        }
        let host = String(hostText)
        guard !host.utf8.contains(UInt8(ascii: ":")) else {
            throw .malformed("an IPv6 address is written in brackets: [::1]:7070", text)
        }
        guard host.utf8.count <= hostBytesMax, host.utf8.allSatisfy(isHostByte) else {
            throw .malformed("the host is neither a name nor an address", text)
        }
        // 127.1 and 0x7f.0.0.1 mean something to some resolvers and something else to others.
        if let last = host.utf8.last, isDigit(last), SocketName(literal: host, port: port) == nil {
            throw .malformed("the host is no IPv4 address: four numbers of 0 to 255", text)
        }
        return .ip(host: host, port: port)
    }

    private static func portNumber(
        _ digits: Substring, in text: String
    ) throws(IOError) -> UInt16 {
        guard !digits.isEmpty else { throw .malformed("no port after the colon", text) }
        guard digits.utf8.allSatisfy(isDigit), digits.utf8.count <= 5, let port = UInt16(digits)
        else { throw .malformed("the port is no number of 0 to 65535", text) }
        return port
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: isDigit(byte)
        }
    }
}
