package import LarderProtocol

/// The file that an export writes and a load reads back: a header, the entries as `Entry`
/// messages behind their lengths, and an end mark with their count, by which a file that was cut
/// is known.
///
/// All numbers are little-endian. Header: the eight bytes `LARDEREX` and a 4-byte version. Entry:
/// a 4-byte length and the message. End mark: the length 0xFFFFFFFF and an 8-byte count.
package enum ExportFile {
    package static let magic: [UInt8] = Array("LARDEREX".utf8)
    package static let version: UInt32 = 1
    package static let headerBytes = 12
    /// The longest entry message.
    package static let recordBytesMax = 64 << 20
    static let endMark = UInt32.max

    package static func appendHeader(to output: inout [UInt8]) {
        output += magic
        appendLittleEndian(version, to: &output)
    }

    /// - Precondition: `message` is at most `recordBytesMax` long.
    package static func append(message: [UInt8], to output: inout [UInt8]) {
        precondition(message.count <= recordBytesMax, "an entry fits its length field")
        appendLittleEndian(UInt32(message.count), to: &output)
        output += message
    }

    package static func appendEnd(entryCount: UInt64, to output: inout [UInt8]) {
        appendLittleEndian(endMark, to: &output)
        appendLittleEndian(entryCount, to: &output)
    }

    private static func appendLittleEndian<Number: FixedWidthInteger>(
        _ number: Number, to output: inout [UInt8]
    ) {
        for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
            output.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }
}

/// A reader of `ExportFile`s.
package struct ExportFileReader: Sendable {
    private var buffer: [UInt8] = []
    // Of the first byte in `buffer` that was not read yet.
    private var start = 0
    // Of `buffer[start]` in the file.
    private var fileOffset: UInt64 = 0
    private var phase = Phase.header
    private var entryCount: UInt64 = 0
    private var isFinished = false

    private enum Phase {
        case header, entries, ended
    }

    package init() {}

    package mutating func append(_ chunk: [UInt8]) {
        if start > 0 {
            buffer.removeSubrange(0..<start)
            start = 0
        }
        buffer += chunk
    }

    package mutating func finish() {
        isFinished = true
    }

    package mutating func next(_ entry: inout Entry) throws(InputError) -> ReadStep {
        if phase == .header {
            guard available(ExportFile.headerBytes) else { return try more("in its header") }
            try readHeader()
        }
        guard phase != .ended else { return try behindTheEnd() }
        guard available(4) else { return try more("without its end mark") }
        let length: UInt32 = littleEndian(at: start)
        if length == ExportFile.endMark {
            guard available(12) else { return try more("inside its end mark") }
            let count: UInt64 = littleEndian(at: start + 4)
            guard count == entryCount else {
                throw wrong("the end mark counts \(count) entries, but \(entryCount) are there")
            }
            advance(12)
            phase = .ended
            return try behindTheEnd()
        }
        guard length <= ExportFile.recordBytesMax else {
            throw wrong("an entry of \(length) bytes; at most \(ExportFile.recordBytesMax) are")
        }
        guard available(4 + Int(length)) else { return try more("inside an entry") }
        try readEntry(range: (start + 4)..<(start + 4 + Int(length)), into: &entry)
        advance(4 + Int(length))
        entryCount += 1
        return .entry
    }

    private mutating func readHeader() throws(InputError) {
        for index in ExportFile.magic.indices
        where buffer[start + index] != ExportFile.magic[index] {
            throw wrong("this is no export file")
        }
        let version: UInt32 = littleEndian(at: start + ExportFile.magic.count)
        guard version == ExportFile.version else {
            throw wrong("an export file of version \(version); this program reads version 1")
        }
        advance(ExportFile.headerBytes)
        phase = .entries
    }

    private func readEntry(range: Range<Int>, into entry: inout Entry) throws(InputError) {
        do {
            entry = try Entry(decoding: buffer.span.extracting(range))
        } catch {
            throw wrong("an entry that does not parse")
        }
    }

    private func behindTheEnd() throws(InputError) -> ReadStep {
        guard start == buffer.count else { throw wrong("something follows the end mark") }
        return isFinished ? .end : .needsInput
    }

    private func more(_ place: String) throws(InputError) -> ReadStep {
        guard isFinished else { return .needsInput }
        throw wrong("the file is cut \(place), after \(entryCount) entries")
    }

    private func wrong(_ reason: String) -> InputError {
        InputError(offset: fileOffset, reason)
    }

    private func available(_ count: Int) -> Bool {
        buffer.count - start >= count
    }

    private mutating func advance(_ count: Int) {
        start += count
        fileOffset += UInt64(count)
    }

    private func littleEndian<Number: FixedWidthInteger & UnsignedInteger>(
        at offset: Int
    ) -> Number {
        var number: Number = 0
        for index in 0..<(Number.bitWidth / 8) {
            number |= Number(buffer[offset + index]) << (index * 8)
        }
        return number
    }
}
