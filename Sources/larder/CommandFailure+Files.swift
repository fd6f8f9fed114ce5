import Foundation
import LarderServer

// What is wrong with a file that a command reads or writes: one line with the system's reason.
extension CommandFailure {
    /// Without a path: standard input.
    static func unreadable(_ path: String?, _ reason: String) -> CommandFailure {
        let name = path.map { OneLine.quoted($0) } ?? "standard input"
        return CommandFailure(
            "cannot read \(name): \(reason)", exitCode: ClientExit.unreadableInput)
    }

    static func unreadable(_ path: String?, _ error: any Error) -> CommandFailure {
        unreadable(path, reason(error))
    }

    /// Without a path: standard output.
    static func unwritable(_ path: String?, _ reason: String) -> CommandFailure {
        let name = path.map { OneLine.quoted($0) } ?? "standard output"
        return CommandFailure(
            "cannot write \(name): \(reason)", exitCode: ClientExit.unwritableOutput)
    }

    static func unwritable(_ path: String?, _ error: any Error) -> CommandFailure {
        unwritable(path, reason(error))
    }

    /// Foundation's errors carry the system's.
    private static func reason(_ error: any Error) -> String {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        guard let underlying, underlying.domain == NSPOSIXErrorDomain else {
            return OneLine.joined("\(error)")
        }
        return FileContents.Failure(errno: Int32(truncatingIfNeeded: underlying.code)).description
    }
}

extension FileHandle {
    /// Opens a file that is read from its beginning.
    static func reading(_ path: String) throws(CommandFailure) -> FileHandle {
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else {
            throw .unreadable(path, FileContents.Failure(errno: errno).description)
        }
        return FileHandle(fileDescriptor: number, closeOnDealloc: true)
    }

    /// Opens a file that is written, made if it is not there and emptied if it is.
    static func writing(_ path: String) throws(CommandFailure) -> FileHandle {
        try writing(path, flags: O_WRONLY | O_TRUNC, permissions: 0o666)
    }

    /// Opens a file that is written as `flags` say, made if it is not there.
    static func writing(
        _ path: String, flags: Int32, permissions: mode_t
    ) throws(CommandFailure) -> FileHandle {
        let number = unsafe open(path, flags | O_CREAT | O_CLOEXEC, permissions)
        guard number >= 0 else {
            throw .unwritable(path, FileContents.Failure(errno: errno).description)
        }
        return FileHandle(fileDescriptor: number, closeOnDealloc: true)
    }
}
