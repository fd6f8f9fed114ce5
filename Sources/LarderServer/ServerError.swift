/// Why a server could not start or had to end, with the exit code of the process.
package enum ServerError: Error, Equatable {
    /// Somebody else listens on this address.
    case addressInUse(_ address: String)
    /// The address can't be listened on: not of this machine, not permitted, not resolvable.
    case cannotListen(_ address: String, reason: String)
    /// The settings don't fit together, or a file that they name can't be used.
    case configuration(_ reason: String)
    /// The system refuses something else that is needed: threads, descriptors, addresses.
    case systemRefuses(_ reason: String)
    /// A fault of Larder itself.
    case internalFault(_ reason: String)

    /// The process's exit code, one of `sysexits.h`.
    package var exitCode: Int32 {
        switch self {
        case .addressInUse, .cannotListen, .systemRefuses: ExitStatus.systemFault
        case .configuration: ExitStatus.configuration
        case .internalFault: ExitStatus.internalFault
        }
    }
}

extension ServerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .addressInUse(let address):
            "\(OneLine.quoted(address)): the address is in use"
        case .cannotListen(let address, let reason):
            "\(OneLine.quoted(address)): can't listen: \(OneLine.text(reason))"
        case .configuration(let reason): reason
        case .systemRefuses(let reason):
            "the system refuses what the server needs: \(OneLine.text(reason))"
        case .internalFault(let reason):
            "internal fault: \(OneLine.text(reason))"
        }
    }
}

/// Exit codes that the command line promises.
package enum ExitStatus {
    /// A command line that can't be right (`EX_USAGE`).
    package static let usage: Int32 = 64
    /// A fault of the program itself (`EX_SOFTWARE`).
    package static let internalFault: Int32 = 70
    /// The system refuses something needed, such as an address (`EX_OSERR`).
    package static let systemFault: Int32 = 71
    /// A configuration that can't be right (`EX_CONFIG`).
    package static let configuration: Int32 = 78
}
