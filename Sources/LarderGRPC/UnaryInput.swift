package import LarderPages

/// The request side of a method that takes exactly one message.
///
/// It lets the message go only when the stream has ended behind it: what is sent with too much,
/// too little or cut short is refused before anything was done. The verdict does not depend on how
/// the bytes were cut.
package struct UnaryInput: ~Copyable {
    package enum Action: Equatable, Sendable {
        case wait
        /// The request is complete; in the chunk just given, or `gathered`.
        case deliver(MessageDeframer.Message)
        case reject(Status)
    }

    private enum Phase {
        case empty
        /// The message is in the deframer's buffer, the stream is open.
        case complete
        /// More came than one message: the call is lost, the end says how.
        case surplus
        /// The verdict is given: what comes is dropped.
        case decided
    }

    private var deframer: MessageDeframer
    private var phase = Phase.empty

    package init(
        messageBytesMax: UInt32, takesCompressed: Bool = false, pages: PagePool? = nil
    ) {
        deframer = MessageDeframer(
            messageBytesMax: messageBytesMax, takesCompressed: takesCompressed, pages: pages)
    }

    /// Whether the message just delivered is compressed.
    package var isCompressed: Bool { deframer.isCompressed }

    /// The message of a request that lies in one chunk as a whole, not compressed, and ends with it.
    /// Nil: it is another one, of which `received` knows what to make.
    @_lifetime(copy chunk)
    package static func whole(
        _ chunk: Span<UInt8>, endOfStream: Bool, messageBytesMax: UInt32
    ) -> Span<UInt8>? {
        let prefixBytes = MessagePrefix.byteCount
        guard endOfStream, chunk.count >= prefixBytes, chunk[0] == 0 else { return nil }
        let length =
            UInt32(chunk[1]) << 24 | UInt32(chunk[2]) << 16 | UInt32(chunk[3]) << 8
            | UInt32(chunk[4])
        guard length <= messageBytesMax, Int(length) == chunk.count - prefixBytes else {
            return nil
        }
        return chunk.extracting(prefixBytes..<chunk.count)
    }

    package mutating func received(_ chunk: Span<UInt8>, endOfStream: Bool) -> Action {
        do throws(DeframeError) {
            var offset = 0
            if phase == .empty, let message = try deframer.next(chunk, at: &offset) {
                if offset == chunk.count {
                    if endOfStream {
                        phase = .decided
                        return .deliver(message)
                    }
                    if case .inChunk(let range) = message {
                        deframer.keep(chunk.extracting(range))
                    }
                    phase = .complete
                    return .wait
                }
            }
            if offset < chunk.count, phase != .decided {
                deframer.discardBodies()
                phase = .surplus
                if try deframer.next(chunk, at: &offset) != nil {
                    phase = .decided
                    return .reject(.requestSurplus)
                }
            }
        } catch {
            phase = .decided
            return .reject(Status(error))
        }
        return endOfStream ? self.endOfStream() : .wait
    }

    /// The stream ended without data that could have told it.
    package mutating func endOfStream() -> Action {
        defer { phase = .decided }
        if phase == .decided { return .wait }
        do throws(DeframeError) {
            try deframer.endOfStream()
        } catch {
            return .reject(Status(error))
        }
        return phase == .complete ? .deliver(.gathered) : .reject(.requestMissing)
    }

    /// The message, after `.deliver(.gathered)`.
    package var gathered: Span<UInt8> {
        @_lifetime(borrow self)
        get { deframer.gathered }
    }

    /// Hands out the pages that a message just delivered lies in, if it has any of its own.
    package mutating func takePages() -> PageRun? { deframer.takePages() }

    /// The bytes of a message just delivered.
    @_lifetime(borrow self, copy chunk)
    package func bytes(
        of message: MessageDeframer.Message, in chunk: Span<UInt8>
    ) -> Span<UInt8> {
        switch message {
        case .inChunk(let range): chunk.extracting(range)
        case .gathered: deframer.gathered
        }
    }

    /// The memory that the request takes when it is whole; 0 when nothing is kept.
    package var neededBytes: Int {
        switch phase {
        case .empty, .complete: deframer.neededBytes
        case .surplus, .decided: 0
        }
    }

    /// The memory held for a request that is not complete.
    package var heldBytes: Int { deframer.heldBytes }

    /// Forgets the call and serves another one.
    package mutating func reset() {
        deframer.reset()
        phase = .empty
    }
}
