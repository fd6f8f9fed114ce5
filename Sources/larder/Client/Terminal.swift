import Foundation

/// The process's standard streams.
enum Terminal {
    static var isOutput: Bool { isatty(FileHandle.standardOutput.fileDescriptor) == 1 }
    static var isError: Bool { isatty(FileHandle.standardError.fileDescriptor) == 1 }
    static var isInput: Bool { isatty(FileHandle.standardInput.fileDescriptor) == 1 }

    static func write(_ bytes: [UInt8]) throws(CommandFailure) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(bytes))
        } catch {
            throw .unwritable(nil, error)
        }
    }

    static func writeLine(_ text: String) throws(CommandFailure) {
        try write(Array("\(text)\n".utf8))
    }

    /// A line for people that is no result.
    static func note(_ text: String) {
        writeError("larder: \(text)\n")
    }

    static func writeError(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
