import Foundation
import LarderClient

/// What a load reads: a file, or standard input.
struct LoadInput {
    private static let chunkBytes = 1 << 20
    private static let detectionBytes = 64 << 10

    /// nil: standard input.
    let path: String?
    /// The file's length, when it is known.
    let byteCount: UInt64?
    private let modifiedSeconds: Double
    private var handle: FileHandle
    private var held: [UInt8] = []
    private(set) var readBytes: UInt64 = 0

    init(path: String?) throws(CommandFailure) {
        self.path = path
        guard let path else {
            handle = .standardInput
            byteCount = nil
            modifiedSeconds = 0
            return
        }
        guard let opened = FileHandle(forReadingAtPath: path),
            let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            attributes[.type] as? FileAttributeType != .typeDirectory
        else {
            throw CommandFailure("cannot read \(path)", exitCode: ClientExit.unreadableInput)
        }
        handle = opened
        let isRegular = attributes[.type] as? FileAttributeType == .typeRegular
        byteCount = isRegular ? (attributes[.size] as? NSNumber)?.uint64Value : nil
        modifiedSeconds =
            (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
    }

    /// Whether the input can be read from its beginning once more.
    var isRepeatable: Bool { byteCount != nil }

    var name: String { path ?? "standard input" }

    /// The same for the same file as long as it is not changed.
    var derivedSessionID: String {
        let whole = URL(fileURLWithPath: path ?? "").standardizedFileURL.path
        // FNV-1a: the path may be longer than a session's name.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in whole.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let modifiedMillis = UInt64(max(0, modifiedSeconds * 1000))
        return "load-\(String(hash, radix: 16))-\(byteCount ?? 0)-\(modifiedMillis)"
    }

    /// Looks at the beginning.
    mutating func detectFormat() throws(CommandFailure) -> InputFormat {
        // A pipe gives what it has: go on until a line is there to be judged by.
        while held.count < Self.detectionBytes, !held.contains(0x0A) {
            guard let more = try read() else { break }
            held += more
        }
        return InputFormat.detect(firstBytes: held, fileName: path)
    }

    /// The next bytes; nil at the end.
    mutating func next() throws(CommandFailure) -> [UInt8]? {
        let chunk: [UInt8]
        if held.isEmpty {
            guard let more = try read() else { return nil }
            chunk = more
        } else {
            chunk = held
            held = []
        }
        readBytes += UInt64(chunk.count)
        return chunk
    }

    /// Back to the beginning.
    mutating func rewind() throws(CommandFailure) {
        held = []
        readBytes = 0
        do {
            try handle.seek(toOffset: 0)
        } catch {
            throw CommandFailure("cannot read \(name) again", exitCode: ClientExit.unreadableInput)
        }
    }

    private func read() throws(CommandFailure) -> [UInt8]? {
        do {
            let data = try handle.read(upToCount: Self.chunkBytes) ?? Data()
            return data.isEmpty ? nil : [UInt8](data)
        } catch {
            throw CommandFailure("cannot read \(name)", exitCode: ClientExit.unreadableInput)
        }
    }
}
