package import LarderGRPC
import LarderProtocol

/// What a status that is not OK tells to programs: a google.rpc.Status with one ErrorInfo, for
/// `grpc-status-details-bin`.
package enum ErrorDetails {
    /// Of every ErrorInfo.
    package static let domain = "larder.v1"

    // Trailers have to stay small: clients take 8 KiB of them.
    private static let messageBytesMax = 1_024

    /// The encoded google.rpc.Status; empty for OK.  A status without a reason of its own gets its
    /// code's name.
    package static func encode(_ status: Status) -> [UInt8] {
        guard !status.isOK else { return [] }
        let info = ErrorInfo(
            reason: status.reason ?? status.code.name, domain: domain,
            metadata: status.metadata.map { fact in
                ErrorInfo.Fact(key: fact.key, value: fact.value)
            })
        return RPCStatus(
            code: Int32(status.code.rawValue), message: shortened(status.message), errorInfo: info
        ).encoded()
    }

    /// The status with its details encoded, ready to travel.
    package static func attached(to status: Status) -> Status {
        status.isOK ? status : status.with(detailsBytes: encode(status))
    }

    // Cuts between characters.
    private static func shortened(_ message: String) -> String {
        guard message.utf8.count > messageBytesMax else { return message }
        var short = ""
        for character in message.unicodeScalars {
            if short.utf8.count + UTF8.width(character) > messageBytesMax { break }
            short.unicodeScalars.append(character)
        }
        return short
    }
}
