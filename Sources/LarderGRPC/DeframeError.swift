/// What can be wrong with the framing of a call's messages.
package enum DeframeError: Error, Equatable, Sendable {
    case messageTooLarge(announcedBytes: UInt32, limitBytes: UInt32)
    case compressedWithoutEncoding
    case unknownFlag(UInt8)
    /// The stream ended inside a prefix or a message.
    case truncated
}
