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

/// What can be wrong with the framing of a call's messages.
package enum DeframeError: Error, Equatable, Sendable {
    case messageTooLarge(announcedBytes: UInt32, limitBytes: UInt32)
    case compressedWithoutEncoding
    case unknownFlag(UInt8)
    /// The stream ended inside a prefix or a message.
    case truncated
}
