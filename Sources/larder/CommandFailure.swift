import Foundation
import LarderServer

/// Why a command ends without having done its work: one line on standard error, and an exit code.
struct CommandFailure: Error {
    let line: String
    let exitCode: Int32

    init(_ line: String, exitCode: Int32) {
        self.line = line
        self.exitCode = exitCode
    }

    init(_ error: SettingsError) {
        self.init(error.description, exitCode: error.exitCode)
    }

    init(_ error: ServerError) {
        self.init(error.description, exitCode: error.exitCode)
    }

    func end() -> Never {
        FileHandle.standardError.write(Data("larder: \(line)\n".utf8))
        exit(exitCode)
    }
}
