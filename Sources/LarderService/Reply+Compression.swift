import LarderGRPC
import LarderProtocol

extension Reply {
    /// A shorter message is not worth the try.
    package static let compressedMessageBytesMin = 1_024

    /// As `endMessage`, with the method's own say in whether the message is compressed. Nothing is
    /// compressed for a caller who does not understand it, whatever the method says.
    package mutating func endMessage(compressed: Bool) {
        bytes.endMessage(at: messageStart, tailBytes: messageTailBytes)
        if compressed, encoding != .identity { compressMessage(always: true) }
    }

    /// Puts the message that was ended last, compressed, in its own place, if that is shorter.
    /// `always`: however short or long it is.
    mutating func compressMessage(always: Bool = false) {
        let start = messageStart + WireWriter.prefixBytes
        let messageBytes = messageBytes
        guard always || messageBytes >= Self.compressedMessageBytesMin else { return }
        deflater.begin(encoding, messageBytes: messageBytes, always: always)
        Self.feed(bytes, from: start, tails, to: &deflater)
        guard deflater.finish() else { return }
        abandonMessage()
        savedBytes += messageBytes - deflater.deflated.count
        beginMessage()
        Self.append(deflater, to: &bytes)
        bytes.endMessage(at: messageStart, isCompressed: true)
    }

    private static func feed(
        _ bytes: borrowing WireWriter, from start: Int, _ tails: [Tail],
        to deflater: inout Deflater
    ) {
        var taken = start
        for tail in tails where tail.offset >= start {
            deflater.append(bytes.bytes.extracting(taken..<tail.offset))
            deflater.append(tail.value.bytes)
            taken = tail.offset
        }
        deflater.append(bytes.bytes.extracting(taken..<bytes.count))
    }

    private static func append(_ deflater: borrowing Deflater, to bytes: inout WireWriter) {
        bytes.append(deflater.deflated)
    }
}
