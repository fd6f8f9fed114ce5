package import LarderGRPC

/// Why a call, or the way to the server, did not work.
package enum ClientError: Error, Equatable, Sendable {
    /// What was given as an address is none that a server can have.
    case malformedAddress(address: String, reason: String)
    /// The token would go to another machine in cleartext: it was not sent.
    case tokenInCleartext(address: String)
    /// Nobody answered at the address.
    case cannotConnect(address: String, reason: String)
    /// A file of certificates or keys cannot be read, or does not hold what it should.
    case unusableFile(path: String, reason: String)
    /// The server, or the call's own deadline, ended the call with this status; it is not OK.
    case status(Status)
    /// The connection went while the call was under way: it may have been carried out or not.
    case connectionLost(reason: String)
    /// The server's answer breaks the rules of the protocol.
    case protocolViolation(reason: String)
    /// The call had ended well before this was sent; `next()` tells what came.
    case callEnded
}

extension ClientError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformedAddress(let address, let reason):
            "\"\(address)\" is not an address (\(reason)): allowed is \(Channel.addressForms)"
        case .tokenInCleartext(let address):
            "a token is not sent to \(address) in cleartext: use TLS"
        case .cannotConnect(let address, let reason): "cannot connect to \(address): \(reason)"
        case .unusableFile(let path, let reason): "\(path): \(reason)"
        case .status(let status): status.description
        case .connectionLost(let reason): "connection lost: \(reason)"
        case .protocolViolation(let reason): "the server broke the protocol: \(reason)"
        case .callEnded: "the server ended the call"
        }
    }

    /// The server did not do the work and says that it may be asked again, or nobody knows.
    package var mayBeRetried: Bool {
        switch self {
        case .connectionLost: true
        case .status(let status): status.code == .unavailable
        case .malformedAddress, .tokenInCleartext, .cannotConnect, .unusableFile,
            .protocolViolation, .callEnded:
            false
        }
    }

    /// The server says that what it was sent does not match its checksum.
    package var isDataLoss: Bool {
        if case .status(let status) = self { status.code == .dataLoss } else { false }
    }

    /// The server says that it does not know what was named.
    package var isNotFound: Bool {
        if case .status(let status) = self { status.code == .notFound } else { false }
    }
}
