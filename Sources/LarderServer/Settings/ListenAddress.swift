/// The form of an address to listen on, checked without asking the network.
package enum ListenAddress: Sendable, Equatable {
    /// A host's name or number and a port; port 0 lets the system choose.
    case host(String, port: UInt16)
    /// The path of a Unix socket.
    case unix(path: String)

    /// Where a Unix socket's path ends: `sun_path` less its closing zero.
    package static let pathBytesMax = 107
    /// The longest name of a host in the DNS.
    package static let hostBytesMax = 253
    /// What is allowed, in words.
    package static let allowed = "host:port, [ipv6]:port or unix:/path"

    package init?(parsing text: String) {
        guard !text.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7F }) else {
            return nil
        }
        let scheme = "unix:"
        if text.hasPrefix(scheme) {
            let path = text.dropFirst(scheme.count)
            guard path.hasPrefix("/"), (2...Self.pathBytesMax).contains(path.utf8.count) else {
                return nil
            }
            self = .unix(path: String(path))
            return
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        guard let port = Self.port(text[text.index(after: colon)...]) else { return nil }
        guard let host = Self.host(text[..<colon]) else { return nil }
        self = .host(host, port: port)
    }

    private static func port(_ digits: Substring) -> UInt16? {
        guard let (number, unit) = NumberAndUnit.split(String(digits)), unit.isEmpty else {
            return nil
        }
        return UInt16(exactly: number)
    }

    private static func host(_ text: Substring) -> String? {
        guard (1...hostBytesMax).contains(text.utf8.count) else { return nil }
        if text.hasPrefix("[") {
            let inner = text.dropFirst().dropLast()
            guard text.hasSuffix("]"), inner.contains(":") else { return nil }
            let letters = Set("0123456789abcdefABCDEF:.%")
            let address = inner.prefix { $0 != "%" }
            guard address.allSatisfy({ letters.contains($0) }) else { return nil }
            return String(inner)
        }
        let isName = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isName ? String(text) : nil
    }
}
