import ArgumentParser
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

    /// The longest line.
    private static let lineBytesMax = 4_096

    /// Writes the line and ends the process.
    func end() -> Never {
        tell()
        Larder.exit(withError: ExitCode(exitCode))
    }

    /// Writes the line. Names and a server's words stand in it, so what would move a terminal's
    /// cursor is written out.
    func tell() {
        let line = OneLine.text(line, bytesMax: Self.lineBytesMax)
        StandardError.write(Array("larder: \(line)\n".utf8))
    }
}
