import LarderGRPC

/// Base64 as JSON documents carry it: written with padding, read with or without.
package enum Base64Text {
    package static func encode(_ bytes: [UInt8]) -> String {
        let text = Base64.encode(bytes.span)
        return text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    }

    package static func decode(_ text: [UInt8]) -> [UInt8]? {
        Base64.decode(text.span)
    }
}
