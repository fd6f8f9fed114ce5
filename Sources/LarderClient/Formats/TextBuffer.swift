/// Text that arrives in chunks and leaves in records: complete lines, or lines joined by a quoted
/// field. Holds one record and the chunk it ends in.
struct TextBuffer: Sendable {
    private(set) var bytes: [UInt8] = []
    // Of the first byte that belongs to no record given out so far.
    private var startOffset = 0
    // How far the search for this record's end has come, so that a record that arrives in many
    // chunks is searched once.
    private var scannedOffset = 0
    private var scan = QuoteScan.fieldStart
    private var newlinesInside: UInt64 = 0
    private var lineNumber: UInt64 = 1
    private var isFinished = false
    private let recordBytesMax: Int

    /// Where in `bytes` a record lies, without its line end, and the line it begins on.
    struct Record {
        let range: Range<Int>
        let line: UInt64
    }

    enum Step {
        case record(Record)
        case needsInput
        case end
    }

    // Where the scan stands in a record of quoted fields (RFC 4180): a quote opens a quoted field
    // only as its first byte, and only outside of one does a newline end the record.
    private enum QuoteScan {
        case fieldStart, plain, quoted, quoteInQuoted
    }

    init(recordBytesMax: Int) {
        self.recordBytesMax = recordBytesMax
    }

    mutating func append(_ chunk: [UInt8]) {
        if startOffset > 0 {
            bytes.removeSubrange(0..<startOffset)
            scannedOffset -= startOffset
            startOffset = 0
        }
        bytes += chunk
    }

    mutating func finish() {
        isFinished = true
    }

    /// The next line that is not blank. A byte order mark before the first is skipped.
    mutating func nextLine() throws(InputError) -> Step {
        try next(delimiter: nil)
    }

    /// The next record of fields that may be quoted and then hold newlines.
    mutating func nextRecord(delimiter: UInt8) throws(InputError) -> Step {
        try next(delimiter: delimiter)
    }

    private mutating func next(delimiter: UInt8?) throws(InputError) -> Step {
        while true {
            let end: Int
            if let found = scanForEnd(delimiter: delimiter) {
                end = found
            } else if !isFinished {
                guard bytes.count - startOffset <= recordBytesMax else {
                    throw tooLong()
                }
                return .needsInput
            } else if scan == .quoted {
                throw InputError(
                    line: lineNumber, "a quoted field is not closed before the end", canGoOn: false)
            } else if startOffset < bytes.count {
                end = bytes.count
            } else {
                return .end
            }
            guard end - startOffset <= recordBytesMax else { throw tooLong() }
            let record = take(upTo: end)
            if !record.range.isEmpty { return .record(record) }
        }
    }

    private func tooLong() -> InputError {
        InputError(
            line: lineNumber, "longer than \(recordBytesMax) bytes", canGoOn: false)
    }

    private mutating func take(upTo end: Int) -> Record {
        var range = startOffset..<end
        let line = lineNumber
        if range.count >= 3, hasByteOrderMark(at: range.lowerBound) {
            range = (range.lowerBound + 3)..<range.upperBound
        }
        if let last = range.last, bytes[last] == Ascii.carriageReturn {
            range = range.dropLast()
        }
        startOffset = min(end + 1, bytes.count)
        scannedOffset = startOffset
        scan = .fieldStart
        lineNumber += newlinesInside + 1
        newlinesInside = 0
        return Record(range: range, line: line)
    }

    // The offset of the newline that ends the record.
    private mutating func scanForEnd(delimiter: UInt8?) -> Int? {
        if let delimiter { return scanForRecordEnd(delimiter) }
        let offset = Self.newline(bytes.span, from: scannedOffset)
        scannedOffset = offset
        return offset < bytes.count ? offset : nil
    }

    private static func newline(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var offset = start
        while offset < bytes.count, bytes[offset] != Ascii.newline { offset += 1 }
        return offset
    }

    private mutating func scanForRecordEnd(_ delimiter: UInt8) -> Int? {
        var scan = self.scan
        var newlines = newlinesInside
        var offset = scannedOffset
        // A byte order mark does not hide the first field's quote, so all of it is waited for.
        if lineNumber == 1, bytes.count < 3, !isFinished { return nil }
        if offset == 0, hasByteOrderMark(at: 0) { offset = 3 }
        let end = Self.recordEnd(
            bytes.span, from: &offset, delimiter: delimiter, scan: &scan, newlines: &newlines)
        self.scan = scan
        newlinesInside = newlines
        scannedOffset = offset
        return end
    }

    private static func recordEnd(
        _ bytes: Span<UInt8>, from offset: inout Int, delimiter: UInt8, scan: inout QuoteScan,
        newlines: inout UInt64
    ) -> Int? {
        while offset < bytes.count {
            let byte = bytes[offset]
            switch scan {
            case .quoted:
                if byte == Ascii.quote {
                    scan = .quoteInQuoted
                } else if byte == Ascii.newline {
                    newlines += 1
                }
            case .quoteInQuoted where byte == Ascii.quote:
                scan = .quoted
            case .fieldStart where byte == Ascii.quote:
                scan = .quoted
            case .fieldStart, .plain, .quoteInQuoted:
                if byte == Ascii.newline { return offset }
                scan = byte == delimiter ? .fieldStart : .plain
            }
            offset += 1
        }
        return nil
    }

    private func hasByteOrderMark(at offset: Int) -> Bool {
        lineNumber == 1 && bytes.count - offset >= 3 && bytes[offset] == 0xEF
            && bytes[offset + 1] == 0xBB && bytes[offset + 2] == 0xBF
    }
}

/// The ASCII bytes that the formats look for.
enum Ascii {
    static let tab: UInt8 = 0x09
    static let newline: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let quote: UInt8 = 0x22
    static let comma: UInt8 = 0x2C
    static let minus: UInt8 = 0x2D
    static let zero: UInt8 = 0x30
    static let nine: UInt8 = 0x39
    static let colon: UInt8 = 0x3A
    static let openBracket: UInt8 = 0x5B
    static let backslash: UInt8 = 0x5C
    static let closeBracket: UInt8 = 0x5D
    static let openBrace: UInt8 = 0x7B
    static let closeBrace: UInt8 = 0x7D
}
