import LarderGRPC
import LarderHTTP2
package import LarderService

/// The header lists that answers are made of: those that never change are prepared once.
package struct AnswerBlocks {
    /// Before the messages of a call.
    let headers = HeaderBlock(ResponseFields.ok())
    /// After the messages of a call that went well.
    let okTrailers = HeaderBlock(Status.ok.trailerFields)
    /// A call that went well and has nothing to say.
    let okTrailersOnly = HeaderBlock(Status.ok.trailersOnlyFields())

    package init() {}

    /// After messages that were sent already.
    func trailers(for status: Status) -> HeaderBlock {
        status.isOK
            ? okTrailers
            : HeaderBlock(ErrorDetails.attached(to: status).trailerFields, isIndexed: false)
    }

    /// In place of messages.
    func trailersOnly(for status: Status) -> HeaderBlock {
        status.isOK
            ? okTrailersOnly
            : HeaderBlock(ErrorDetails.attached(to: status).trailersOnlyFields(), isIndexed: false)
    }
}

/// Values are sent from where they lie in the cache.
extension ValueTail: OutgoingBytes {
    package var isCountedByOwner: Bool { isPinned }
}
