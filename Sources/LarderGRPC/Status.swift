/// How a call ended: a code, words for people, and a reason for programs.
///
/// A status without words is two machine words and holds no memory, so that an OK costs nothing
/// to copy; all else lies in one shared object.
package struct Status: Sendable, Equatable {
    package let code: StatusCode
    private let details: Details?

    /// The end of every call that went well.
    package static var ok: Status { Status(bare: .ok) }

    /// The reason is one word for programs, UPPER_SNAKE, of at most 63 characters; the metadata
    /// explains it: `limit`, `value` and the like.
    package init(
        _ code: StatusCode, _ message: String = "", reason: String? = nil,
        metadata: [(key: String, value: String)] = [], detailsBytes: [UInt8] = []
    ) {
        self.code = code
        let isBare = message.isEmpty && reason == nil && metadata.isEmpty && detailsBytes.isEmpty
        details =
            isBare
            ? nil
            : Details(
                message: message, reason: reason, metadata: metadata, detailsBytes: detailsBytes)
    }

    private init(bare code: StatusCode) {
        self.code = code
        details = nil
    }

    package var isOK: Bool { code == .ok }

    /// Words for people; empty if there is nothing to say.
    package var message: String { details?.message ?? "" }

    /// One word for programs, told in the details.
    package var reason: String? { details?.reason }

    /// What explains the reason, in the order given.
    package var metadata: [(key: String, value: String)] { details?.metadata ?? [] }

    /// An encoded google.rpc.Status, opaque here; empty if there is none.
    package var detailsBytes: [UInt8] { details?.detailsBytes ?? [] }

    /// The same status with an encoded google.rpc.Status to travel along.
    package func with(detailsBytes: [UInt8]) -> Status {
        Status(
            code, message, reason: reason, metadata: metadata, detailsBytes: detailsBytes)
    }

    /// The same status with more to explain it.
    package func adding(metadata more: [(key: String, value: String)]) -> Status {
        more.isEmpty
            ? self
            : Status(
                code, message, reason: reason, metadata: metadata + more,
                detailsBytes: detailsBytes)
    }

    package static func == (left: Status, right: Status) -> Bool {
        guard left.code == right.code else { return false }
        if left.details === right.details { return true }
        return left.message == right.message && left.reason == right.reason
            && left.detailsBytes == right.detailsBytes
            && left.metadata.elementsEqual(right.metadata, by: ==)
    }

    private final class Details: Sendable {
        let message: String
        let reason: String?
        let metadata: [(key: String, value: String)]
        let detailsBytes: [UInt8]

        init(
            message: String, reason: String?, metadata: [(key: String, value: String)],
            detailsBytes: [UInt8]
        ) {
            self.message = message
            self.reason = reason
            self.metadata = metadata
            self.detailsBytes = detailsBytes
        }
    }
}

extension Status: CustomStringConvertible {
    package var description: String {
        var text = code.name
        if let reason { text += " \(reason)" }
        if !message.isEmpty { text += ": \(message)" }
        return text
    }
}
