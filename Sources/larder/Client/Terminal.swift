import LarderServer

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The process's standard streams.
enum Terminal {
    static var isOutput: Bool { OpenFile.standardOutput.isTerminal }
    static var isError: Bool { isatty(STDERR_FILENO) == 1 }
    static var isInput: Bool { OpenFile.standardInput.isTerminal }

    static func write(_ bytes: [UInt8]) throws(CommandFailure) {
        try OpenFile.standardOutput.write(bytes)
    }

    static func writeLine(_ text: String) throws(CommandFailure) {
        try write(Array("\(text)\n".utf8))
    }

    /// A line for people that is no result.
    static func note(_ text: String) {
        writeError("larder: \(text)\n")
    }

    static func writeError(_ text: String) {
        StandardError.write(Array(text.utf8))
    }
}
