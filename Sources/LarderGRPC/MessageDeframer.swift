package import LarderPages

/// Peels messages out of a stream's bytes, however they are cut.
///
/// A message that lies whole in one chunk stays where it is. One that is split is gathered: a
/// long one in pages of its own, if there is a pool of them, another in a buffer. Either takes
/// memory as the bytes come, whatever length was announced; pages that a message before it left
/// behind may be more, but hardly more than the message.
///
/// - Complexity: O(1) for a message in one chunk; a split message is copied once, and again as
///   its buffer doubles.
package struct MessageDeframer: ~Copyable {
    package enum Message: Equatable, Sendable {
        /// The message is these bytes of the chunk.
        case inChunk(Range<Int>)
        /// The message is `gathered`, until the next call.
        case gathered
    }

    /// The first bytes taken for a split message, if that much is announced.
    package static let firstBufferBytesMax = 4 * 1024
    /// The buffer holds at most this many times what has come; fewer steps mean fewer copies.
    private static let growthFactor = 4
    /// A larger buffer is given back once its message is used; longer messages have pages.
    package static let keptBufferBytesMax = 64 * 1024

    private enum Phase {
        case betweenMessages
        case inPrefix
        case inBody
        /// A message lies in the buffer for the caller to use.
        case gathered
        /// The framing is broken: what comes is dropped.
        case broken
    }

    private var messageBytesMax: UInt32
    private var phase = Phase.betweenMessages
    private var discardsBodies = false
    private var prefixCount = 0
    private var prefix: UInt64 = 0
    private var messageBytes = 0
    private var missingBytes = 0
    private var buffer: [UInt8] = []
    private let takesCompressed: Bool
    /// Where pages of long messages come from and go to.
    private let pages: PagePool?
    /// What has come of a long message; then there is nothing in the buffer.
    private var run = PageRun()

    /// Whether the message that `next` told of last is compressed.
    package private(set) var isCompressed = false

    /// `takesCompressed`: the call names a compression, so messages may be flagged with it.
    package init(
        messageBytesMax: UInt32, takesCompressed: Bool = false, pages: PagePool? = nil
    ) {
        self.messageBytesMax = messageBytesMax
        self.takesCompressed = takesCompressed
        self.pages = pages
    }

    /// The next message of the chunk, from `offset` on, which moves past what was taken; nil when
    /// the chunk is used up. After an error the rest of the stream is dropped.
    package mutating func next(
        _ chunk: Span<UInt8>, at offset: inout Int
    ) throws(DeframeError) -> Message? {
        if phase == .betweenMessages, chunk.count - offset >= MessagePrefix.byteCount {
            let begin = offset + MessagePrefix.byteCount
            let length =
                UInt32(chunk[offset + 1]) << 24 | UInt32(chunk[offset + 2]) << 16
                | UInt32(chunk[offset + 3]) << 8 | UInt32(chunk[offset + 4])
            try check(flag: chunk[offset], length: length)
            offset = begin
            if UInt64(length) <= UInt64(chunk.count - begin) {
                offset = begin + Int(length)
                return .inChunk(begin..<offset)
            }
            beginBody(length)
        }
        return try nextSplit(chunk, at: &offset)
    }

    /// Throws if the stream ends where it may not.
    package mutating func endOfStream() throws(DeframeError) {
        switch phase {
        case .betweenMessages, .gathered, .broken: return
        case .inPrefix, .inBody:
            phase = .broken
            throw .truncated
        }
    }

    /// The message gathered last.
    package var gathered: Span<UInt8> {
        @_lifetime(borrow self)
        get { run.hasPages ? run.bytes : buffer.span }
    }

    /// Hands out the pages that the message gathered last lies in, if it has any; then there is no
    /// such message any more.
    package mutating func takePages() -> PageRun? {
        guard phase == .gathered, run.hasPages else { return nil }
        phase = .betweenMessages
        var taken = PageRun()
        swap(&taken, &run)
        return taken
    }

    /// The bytes of a message that `next` has just told of.
    @_lifetime(borrow self, copy chunk)
    package func bytes(of message: Message, in chunk: Span<UInt8>) -> Span<UInt8> {
        switch message {
        case .inChunk(let range): chunk.extracting(range)
        case .gathered: gathered
        }
    }

    /// A message has begun and is not whole.
    package var isInside: Bool {
        switch phase {
        case .inPrefix, .inBody: true
        case .betweenMessages, .gathered, .broken: false
        }
    }

    /// The memory that the message at hand takes when it is whole; 0 without one.
    package var neededBytes: Int {
        switch phase {
        case .inBody: discardsBodies ? 0 : messageBytes
        case .gathered: gatheredCount
        case .betweenMessages, .inPrefix, .broken: 0
        }
    }

    /// The memory held for split messages.
    package var heldBytes: Int { buffer.capacity + run.residentBytes }

    private var gatheredCount: Int { run.hasPages ? run.count : buffer.count }

    /// Forgets the stream and serves another one.
    package mutating func reset() {
        phase = .betweenMessages
        discardsBodies = false
        clearBuffer()
    }

    /// Copies a message out of the chunk that is about to go.
    mutating func keep(_ message: Span<UInt8>) {
        clearBuffer()
        messageBytes = message.count
        gather(message)
        phase = .gathered
    }

    /// From now on messages are counted and checked, but not kept.
    mutating func discardBodies() {
        discardsBodies = true
    }
}

extension MessageDeframer {
    private mutating func nextSplit(
        _ chunk: Span<UInt8>, at offset: inout Int
    ) throws(DeframeError) -> Message? {
        if phase == .gathered {
            clearBuffer()
            phase = .betweenMessages
        }
        while offset < chunk.count {
            switch phase {
            case .betweenMessages, .gathered:
                prefix = 0
                prefixCount = 0
                phase = .inPrefix
            case .inPrefix:
                prefix = prefix << 8 | UInt64(chunk[offset])
                prefixCount += 1
                offset += 1
                guard prefixCount == MessagePrefix.byteCount else { continue }
                let length = UInt32(truncatingIfNeeded: prefix)
                try check(flag: UInt8(truncatingIfNeeded: prefix >> 32), length: length)
                if UInt64(length) <= UInt64(chunk.count - offset) {
                    phase = .betweenMessages
                    let begin = offset
                    offset += Int(length)
                    return .inChunk(begin..<offset)
                }
                beginBody(length)
            case .inBody:
                let count = min(missingBytes, chunk.count - offset)
                if !discardsBodies { gather(chunk.extracting(offset..<(offset + count))) }
                offset += count
                missingBytes -= count
                guard missingBytes == 0 else { continue }
                phase = .gathered
                return .gathered
            case .broken:
                offset = chunk.count
            }
        }
        return nil
    }

    @inline(__always)
    private mutating func check(flag: UInt8, length: UInt32) throws(DeframeError) {
        isCompressed = flag == 1
        if flag == 0 || (flag == 1 && takesCompressed), length <= messageBytesMax { return }
        phase = .broken
        clearBuffer()
        guard flag <= 1 else { throw .unknownFlag(flag) }
        guard flag == 0 || takesCompressed else { throw .compressedWithoutEncoding }
        throw .messageTooLarge(announcedBytes: length, limitBytes: messageBytesMax)
    }

    private mutating func beginBody(_ length: UInt32) {
        phase = .inBody
        messageBytes = Int(length)
        missingBytes = messageBytes
    }

    private mutating func gather(_ bytes: Span<UInt8>) {
        if !run.hasPages, buffer.isEmpty, messageBytes > Self.keptBufferBytesMax,
            let fresh = pages?.run(bytes: messageBytes)
        {
            run = fresh
            buffer = []
        }
        guard !run.hasPages else { return run.append(bytes) }
        let needed = buffer.count + bytes.count
        if needed > buffer.capacity {
            let first = min(messageBytes, Self.firstBufferBytesMax)
            let grown = min(messageBytes, buffer.capacity * Self.growthFactor)
            buffer.reserveCapacity(max(needed, first, grown))
        }
        buffer.append(addingCapacity: bytes.count) { output in
            for index in bytes.indices { output.append(bytes[index]) }
        }
    }

    private mutating func clearBuffer() {
        if run.hasPages { run = PageRun() }
        if buffer.capacity > Self.keptBufferBytesMax {
            buffer = []
        } else if !buffer.isEmpty {
            buffer.removeAll(keepingCapacity: true)
        }
    }
}
