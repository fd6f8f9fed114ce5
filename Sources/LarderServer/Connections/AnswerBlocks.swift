import LarderGRPC
import LarderHTTP2
package import LarderService

/// The header lists that answers are made of: those that never change are prepared once.
package struct AnswerBlocks {
    private let plainHeaders = HeaderBlock(ResponseFields.ok())
    private let gzipHeaders = HeaderBlock(ResponseFields.ok(encoding: .gzip))
    private let deflateHeaders = HeaderBlock(ResponseFields.ok(encoding: .deflate))
    /// After the messages of a call that went well.
    let okTrailers = HeaderBlock(Status.ok.trailerFields)
    /// A call that went well and has nothing to say.
    let okTrailersOnly = HeaderBlock(Status.ok.trailersOnlyFields())

    package init() {}

    /// Before the messages of a call, some of which may be compressed in this way.
    func headers(_ encoding: MessageEncoding) -> HeaderBlock {
        switch encoding {
        case .identity: plainHeaders
        case .gzip: gzipHeaders
        case .deflate: deflateHeaders
        }
    }

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
extension ValueTail: OutgoingBytes {}
