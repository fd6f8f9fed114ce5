import LarderCache
package import LarderGRPC
package import LarderProtocol

/// What a method says: framed gRPC messages, values that follow by reference, and how it ends.
///
/// One is kept per loop and cleared before each event, so that an answer costs no allocation
/// once its storage has grown.
package struct Reply: ~Copyable {
    /// A value that is sent after the first `offset` bytes of `bytes`.
    package struct Tail: Sendable {
        package let offset: Int
        package let value: ValueTail
    }

    /// Values up to this long are copied into the message, longer ones follow by reference.
    package static let copiedValueBytesMax = 2_048

    // What is kept of the storage after an answer that was larger.
    private static let keptBytesMax = 512 << 10

    /// The messages, each behind its five-byte prefix, without the tails.
    package var bytes = WireWriter(capacity: 16 << 10)
    /// Sent between the bytes, in the order of their offsets.
    package private(set) var tails: [Tail] = []
    /// Set: the call ends with it, after what is in `bytes`.
    package var status: Status?
    package var extras: ReplyExtras?

    /// How messages are compressed, where that makes them shorter.
    package private(set) var encoding = MessageEncoding.identity
    /// By how much compressed messages are shorter than what was written.
    package internal(set) var savedBytes = 0
    var deflater = Deflater()

    private(set) var messageStart = 0
    private(set) var messageTailBytes = 0
    private var tailBytes = 0

    /// Where the large values among its tails are counted, if they are.
    private let pinned: PinnedValues?

    package init(pinned: PinnedValues? = nil) { self.pinned = pinned }

    /// What `bytes` holds, to be sent.
    package var written: Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.bytes }
    }

    /// Nothing to send and no end.
    package var isEmpty: Bool { bytes.count == 0 && status == nil }

    /// What is said, the tails among it; of compressed messages what they say, so that bounds on
    /// it are bounds on the work, too.
    package var totalBytes: Int {
        bytes.count + tailBytes + savedBytes
    }

    /// How long the message is that was begun last.
    package var messageBytes: Int {
        bytes.count - messageStart - WireWriter.prefixBytes + messageTailBytes
    }

    /// Makes ready for the next event.
    package mutating func clear(encoding: MessageEncoding = .identity) {
        self.encoding = encoding
        savedBytes = 0
        bytes.clear(capacityMax: Self.keptBytesMax)
        if !tails.isEmpty { tails.removeAll(keepingCapacity: true) }
        tailBytes = 0
        status = nil
        if extras != nil { extras = nil }
    }

    /// Leaves room for a message's prefix.
    package mutating func beginMessage() {
        messageStart = bytes.beginMessage()
        messageTailBytes = 0
    }

    /// Writes the prefix of the message that was begun last.
    package mutating func endMessage() {
        bytes.endMessage(at: messageStart, tailBytes: messageTailBytes)
        if !encoding.isIdentity { compressMessage() }
    }

    /// Takes back the message that was begun last and is not ended.
    package mutating func abandonMessage() {
        bytes.truncate(to: messageStart)
        while let last = tails.last, last.offset > messageStart {
            tailBytes -= last.value.count
            tails.removeLast()
        }
        messageTailBytes = 0
    }

    /// Lets the entry's value follow what is written so far.
    mutating func append(valueOf entry: consuming EntryReference) {
        let value = ValueTail(entry, pinned)
        messageTailBytes += value.count
        tailBytes += value.count
        tails.append(Tail(offset: bytes.count, value: value))
    }
}
