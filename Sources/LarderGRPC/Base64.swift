/// Standard base64 as `-bin` fields carry it: written without padding, read with or without.
package enum Base64 {
    package static func encode(_ bytes: Span<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count / 3 + 1) * 4)
        var held: UInt32 = 0
        var heldBits = 0
        for index in bytes.indices {
            held = held << 8 | UInt32(bytes[index])
            heldBits += 8
            while heldBits >= 6 {
                heldBits -= 6
                text.append(character(UInt8(truncatingIfNeeded: held >> heldBits) & 63))
            }
        }
        if heldBits > 0 {
            text.append(character(UInt8(truncatingIfNeeded: held << (6 - heldBits)) & 63))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes meant; nil if the text is no base64. Bits behind the last byte are ignored.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        var length = text.count
        if length % 4 == 0 {
            for _ in 0..<2 where length > 0 && text[length - 1] == UInt8(ascii: "=") {
                length -= 1
            }
        }
        guard length % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length / 4 * 3 + 2)
        var held: UInt32 = 0
        var heldBits = 0
        for index in 0..<length {
            guard let bits = value(text[index]) else { return nil }
            held = held << 6 | UInt32(bits)
            heldBits += 6
            if heldBits >= 8 {
                heldBits -= 8
                bytes.append(UInt8(truncatingIfNeeded: held >> heldBits))
            }
        }
        return bytes
    }

    private static func character(_ bits: UInt8) -> UInt8 {
        switch bits {
        case 0..<26: UInt8(ascii: "A") + bits
        case 26..<52: UInt8(ascii: "a") + bits - 26
        case 52..<62: UInt8(ascii: "0") + bits - 52
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }

    private static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
