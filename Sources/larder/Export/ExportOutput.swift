import Foundation
import LarderClient
import LarderServer

/// Where an export goes: a temporary file that takes its name at the end, or standard output.
/// A device or a pipe is written to as it is.
///
/// Gathers bytes; can go back to a former place as long as it is a file.
struct ExportOutput {
    private static let heldBytesMax = 256 << 10

    /// nil: standard output.
    let path: String?
    /// Where the bytes lie until they are whole; nil: nothing takes another name.
    let temporaryPath: String?
    private let handle: FileHandle
    private var held: [UInt8] = []
    private var writtenBytes: UInt64 = 0

    init(path: String?) throws(CommandFailure) {
        self.path = path
        guard let path else {
            temporaryPath = nil
            handle = .standardOutput
            return
        }
        let temporary = "\(path).partial-\(ProcessInfo.processInfo.processIdentifier)"
        temporaryPath = Self.isReplaceable(path) ? temporary : nil
        handle = try .writing(temporaryPath ?? path)
    }

    /// Whether nothing stands there, or a file: what is more than its bytes is not replaced.
    private static func isReplaceable(_ path: String) -> Bool {
        var found = stat()
        return unsafe stat(path, &found) != 0 || found.st_mode & S_IFMT == S_IFREG
    }

    /// What was appended can be taken back.
    var canGoBack: Bool { temporaryPath != nil }

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
            throw .unwritable(path, error)
        }
        writtenBytes = offset
    }

    /// Writes the rest and gives the file its name.
    mutating func finish() throws(CommandFailure) {
        try flush()
        guard let path else { return }
        do {
            if temporaryPath != nil { try handle.synchronize() }
            try handle.close()
        } catch {
            throw .unwritable(path, error)
        }
        guard let temporaryPath else { return }
        // FileManager has no call that replaces a file in one step.
        guard unsafe rename(temporaryPath, path) == 0 else {
            throw .unwritable(path, FileContents.Failure(errno: errno).description)
        }
    }

    /// Removes the unfinished file of an output.
    static func discard(_ temporaryPath: String?) {
        if let temporaryPath { try? FileManager.default.removeItem(atPath: temporaryPath) }
    }

    private mutating func flush() throws(CommandFailure) {
        guard !held.isEmpty else { return }
        do {
            try handle.write(contentsOf: Data(held))
        } catch {
            throw .unwritable(path, error)
        }
        writtenBytes += UInt64(held.count)
        held.removeAll(keepingCapacity: true)
    }
}
