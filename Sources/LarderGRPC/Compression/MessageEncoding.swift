/// How the messages of one direction of a call may be compressed.
package enum MessageEncoding: UInt8, CaseIterable, Sendable {
    case identity
    /// RFC 1952.
    case gzip
    /// The zlib format, RFC 1950, which is what HTTP calls deflate.
    case deflate

    /// Not compressed.
    package var isIdentity: Bool {
        switch self {
        case .identity: true
        case .gzip, .deflate: false
        }
    }

    /// As `grpc-encoding` has it.
    package var name: String {
        switch self {
        case .identity: "identity"
        case .gzip: "gzip"
        case .deflate: "deflate"
        }
    }

    /// The best for an answer to a caller who accepts these: a list as in `grpc-accept-encoding`,
    /// with or without spaces.
    package init(acceptedIn list: Span<UInt8>) {
        self = .identity
        var start = 0
        while start < list.count {
            var end = start
            while end < list.count, list[end] != UInt8(ascii: ",") { end += 1 }
            switch Self.known(list.extracting(start..<end)) {
            case .gzip:
                self = .gzip
                return
            case .deflate: self = .deflate
            case .identity, nil: break
            }
            start = end + 1
        }
    }

    private static func known(_ word: Span<UInt8>) -> MessageEncoding? {
        var start = 0
        var end = word.count
        while start < end, word[start] == UInt8(ascii: " ") { start += 1 }
        while end > start, word[end - 1] == UInt8(ascii: " ") { end -= 1 }
        let bare = word.extracting(start..<end)
        return allCases.first { bare.isEqual(to: $0.name.utf8.span) }
    }
}

extension Span<UInt8> {
    fileprivate func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }
}
