import COpenSSL

/// SHA-256 of a secret, which may be kept where the secret itself may not.
@safe
package struct SecretDigest: Sendable, Hashable {
    package static let byteCount = 32

    package let bytes: [UInt8]

    /// Of a secret's bytes.
    package init(of secret: Span<UInt8>) {
        var digest = [UInt8](repeating: 0, count: Self.byteCount)
        unsafe secret.withUnsafeBufferPointer {
            _ = unsafe SHA256($0.baseAddress, $0.count, &digest)
        }
        bytes = digest
    }

    /// As it was written down, in 64 hexadecimal digits.
    package init?(hexadecimal text: some StringProtocol) {
        let digits = Array(text.utf8)
        guard digits.count == 2 * Self.byteCount else { return nil }
        var bytes: [UInt8] = []
        for index in 0..<Self.byteCount {
            guard let high = Self.value(digits[2 * index]),
                let low = Self.value(digits[2 * index + 1])
            else { return nil }
            bytes.append(high << 4 | low)
        }
        self.bytes = bytes
    }

    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Whether both are the same, in a time that does not tell where they differ.
    package func matches(_ other: SecretDigest) -> Bool {
        Self.areEqual(bytes, other.bytes)
    }

    /// The one way in which secrets are compared.
    package static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe CRYPTO_memcmp(left, right, left.count) == 0
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
