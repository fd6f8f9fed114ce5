import ArgumentParser
import LarderClient
import LarderServer

/// The exit codes of the client verbs.
enum ClientExit {
    /// A miss, an unmet condition, something not admitted.
    static let negative = ExitCode(1)
    static let callFailed: Int32 = 2
    static let cannotConnect: Int32 = 3
    /// The input is malformed (`EX_DATAERR`).
    static let malformedInput: Int32 = 65
    /// A file cannot be read or written (`EX_NOINPUT`, `EX_CANTCREAT`).
    static let unreadableInput: Int32 = 66
    static let unwritableOutput: Int32 = 73
}

extension CommandFailure {
    init(_ error: ClientError) {
        switch error {
        case .malformedAddress, .tokenInCleartext:
            self.init(error.description, exitCode: ExitStatus.usage)
        case .cannotConnect: self.init(error.description, exitCode: ClientExit.cannotConnect)
        case .unusableFile: self.init(error.description, exitCode: ClientExit.unreadableInput)
        case .status, .connectionLost, .protocolViolation, .callEnded:
            self.init(error.description, exitCode: ClientExit.callFailed)
        }
    }
}

extension ClientError {
    var isUnreachable: Bool {
        if case .cannotConnect = self { true } else { false }
    }
}

/// Does a call and turns its error into the command's.
func calling<Value>(
    _ call: () async throws(ClientError) -> Value
) async throws(CommandFailure) -> Value {
    do throws(ClientError) {
        return try await call()
    } catch {
        throw CommandFailure(error)
    }
}
