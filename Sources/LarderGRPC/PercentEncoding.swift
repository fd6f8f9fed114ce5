/// How `grpc-message` carries any text: UTF-8, printable ASCII as it is, all else and `%` as `%XX`.
package enum PercentEncoding {
    /// The text as it travels. It ends before the first character that would run over
    /// `encodedBytesMax`: neither an escape nor a character is cut.
    package static func encode(_ text: String, encodedBytesMax: Int = .max) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(min(text.utf8.count, encodedBytesMax))
        for scalar in text.unicodeScalars {
            let before = encoded.count
            for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                // A blank at an end would be lost: HTTP strips the ends of a value.
                append(byte, to: &encoded, escapesBlank: before == 0)
            }
            if encoded.count > encodedBytesMax {
                encoded.removeLast(encoded.count - before)
                break
            }
        }
        if encoded.last == blank {
            encoded.removeLast()
            if encodedBytesMax - encoded.count >= 3 {
                append(blank, to: &encoded, escapesBlank: true)
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// The text meant. What is no escape stays as it is, what is no UTF-8 is replaced: a broken
    /// message must not hide the status that it belongs to.
    package static func decode(_ encoded: Span<UInt8>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encoded.count)
        var index = 0
        while index < encoded.count {
            if encoded[index] == percent, encoded.count - index >= 3,
                let high = nibble(encoded[index + 1]), let low = nibble(encoded[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(encoded[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let percent = UInt8(ascii: "%")
    private static let blank = UInt8(ascii: " ")

    private static func append(_ byte: UInt8, to encoded: inout [UInt8], escapesBlank: Bool) {
        let isPlain = byte >= blank && byte <= UInt8(ascii: "~") && byte != percent
        if isPlain, byte != blank || !escapesBlank {
            encoded.append(byte)
        } else {
            encoded.append(percent)
            encoded.append(hexDigit(byte >> 4))
            encoded.append(hexDigit(byte & 15))
        }
    }

    private static func hexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "A") + nibble - 10
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
