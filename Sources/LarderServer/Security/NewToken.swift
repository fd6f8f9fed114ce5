import LarderIO

/// A token that nobody has had before, and the line that makes it known to a server.
package struct NewToken {
    private static let randomBytes = 32

    /// What a client shows. Who has it, is the client.
    package let token: String
    /// What stands in the file of tokens: of no use to a thief.
    package let line: String

    package init(
        role: String, methods: String?, namespaces: String?,
        using generator: inout some RandomNumberGenerator
    ) throws(TokenFile.Failure) {
        let secret = (0..<Self.randomBytes).map { _ in UInt8.random(in: 0...255, using: &generator)
        }
        let text = "larder_" + Self.letters(secret)
        var line = "\(SecretDigest(of: text.utf8.span).hexadecimal) \(role)"
        if let methods { line += " methods=\(methods)" }
        if let namespaces { line += " namespaces=\(namespaces)" }
        _ = try TokenFile(parsing: line)
        token = text
        self.line = line
    }

    // Base 64 for URLs, unpadded: survives shells, files and headers.
    private static func letters(_ bytes: [UInt8]) -> String {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        var bits = 0
        var count = 0
        for byte in bytes {
            bits = bits << 8 | Int(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[bits >> count & 63])
            }
            bits &= (1 << count) - 1
        }
        if count > 0 { text.append(alphabet[bits << (6 - count) & 63]) }
        return String(decoding: text, as: UTF8.self)
    }
}
