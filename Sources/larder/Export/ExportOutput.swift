import Foundation
import LarderClient

/// Where an export goes: a temporary file that takes its name at the end, or standard output.
///
/// Gathers bytes; can go back to a former place as long as it is a file.
struct ExportOutput {
    private static let heldBytesMax = 256 << 10

    /// nil: standard output.
    let path: String?
    private let temporaryPath: String
    private let handle: FileHandle
    private var held: [UInt8] = []
    private var writtenBytes: UInt64 = 0

    init(path: String?) throws(CommandFailure) {
        self.path = path
        guard let path else {
            temporaryPath = ""
            handle = .standardOutput
            return
        }
        temporaryPath = "\(path).partial-\(ProcessInfo.processInfo.processIdentifier)"
        guard FileManager.default.createFile(atPath: temporaryPath, contents: nil),
            let opened = FileHandle(forWritingAtPath: temporaryPath)
        else {
            throw CommandFailure("cannot write \(path)", exitCode: ClientExit.unwritableOutput)
        }
        handle = opened
    }

    var offset: UInt64 { writtenBytes + UInt64(held.count) }

    mutating func append(_ fill: (inout [UInt8]) -> Void) throws(CommandFailure) {
        fill(&held)
        if held.count >= Self.heldBytesMax { try flush() }
    }

    /// Forgets what was appended behind `offset`.
    mutating func goBack(to offset: UInt64) throws(CommandFailure) {
        try flush()
        do {
            try handle.truncate(atOffset: offset)
            try handle.seek(toOffset: offset)
        } catch {
            throw failure()
        }
        writtenBytes = offset
    }

    /// Writes the rest and gives the file its name.
    mutating func finish() throws(CommandFailure) {
        try flush()
        guard let path else { return }
        do {
            try handle.synchronize()
            try handle.close()
        } catch {
            throw failure()
        }
        // FileManager has no call that replaces a file in one step.
        guard unsafe rename(temporaryPath, path) == 0 else { throw failure() }
    }

    /// Removes the unfinished file.
    func discard() {
        if path != nil { try? FileManager.default.removeItem(atPath: temporaryPath) }
    }

    private mutating func flush() throws(CommandFailure) {
        guard !held.isEmpty else { return }
        do {
            try handle.write(contentsOf: Data(held))
        } catch {
            throw failure()
        }
        writtenBytes += UInt64(held.count)
        held.removeAll(keepingCapacity: true)
    }

    private func failure() -> CommandFailure {
        CommandFailure(
            "cannot write \(path ?? "standard output")", exitCode: ClientExit.unwritableOutput)
    }
}
