import LarderGRPC
import LarderHTTP2
package import LarderService

/// The header lists that answers are made of: those that never change are prepared once.
package struct AnswerBlocks {
    private static let plain = HeaderBlock.everlasting(ResponseFields.ok())
    private static let gzip = HeaderBlock.everlasting(ResponseFields.ok(encoding: .gzip))
    private static let deflate = HeaderBlock.everlasting(ResponseFields.ok(encoding: .deflate))
    private static let ok = HeaderBlock.everlasting(Status.ok.trailerFields)
    private static let okOnly = HeaderBlock.everlasting(Status.ok.trailersOnlyFields())

    // Of its own: a static is looked up behind a lock.
    private let gzipHeaders = gzip
    private let deflateHeaders = deflate
    /// Before the messages of a call, none of which is compressed.
    let plainHeaders = plain
    /// After the messages of a call that went well.
    let okTrailers = ok
    /// A call that went well and has nothing to say.
    let okTrailersOnly = okOnly

    package init() {}

    /// Before the messages of a call, some of which may be compressed in this way.
    func headers(_ encoding: MessageEncoding) -> HeaderBlock {
        switch encoding {
        case .identity: plainHeaders
        case .gzip: gzipHeaders
        case .deflate: deflateHeaders
        }
    }

    /// Before the messages of a call, with fields of its own.
    func headers(_ encoding: MessageEncoding, adding fields: [Field]) -> HeaderBlock {
        fields.isEmpty
            ? headers(encoding)
            : HeaderBlock(ResponseFields.ok(encoding: encoding) + fields, isIndexed: false)
    }

    /// After messages that were sent already, with fields of the call's own.
    func trailers(for status: Status, adding fields: [Field] = []) -> HeaderBlock {
        if status.isOK, fields.isEmpty { return okTrailers }
        let status = status.isOK ? status : ErrorDetails.attached(to: status)
        return HeaderBlock(status.trailerFields + fields, isIndexed: false)
    }

    /// In place of messages, with fields of the call's own.
    func trailersOnly(for status: Status, adding fields: [Field] = []) -> HeaderBlock {
        if status.isOK, fields.isEmpty { return okTrailersOnly }
        let status = status.isOK ? status : ErrorDetails.attached(to: status)
        return HeaderBlock(status.trailersOnlyFields() + fields, isIndexed: false)
    }
}

/// Values are sent from where they lie in the cache.
extension ValueTail: OutgoingBytes {
    package var isCountedByOwner: Bool { isPinned }
}
