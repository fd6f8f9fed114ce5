/// The five bytes before every message: a flag and the length, big-endian.
package enum MessagePrefix {
    package static let byteCount = 5

    /// The prefix of an uncompressed message.
    package static func encode(messageBytes: UInt32) -> InlineArray<5, UInt8> {
        [
            0,
            UInt8(truncatingIfNeeded: messageBytes >> 24),
            UInt8(truncatingIfNeeded: messageBytes >> 16),
            UInt8(truncatingIfNeeded: messageBytes >> 8),
            UInt8(truncatingIfNeeded: messageBytes),
        ]
    }
}
