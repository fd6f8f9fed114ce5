package import LarderProtocol

/// A reader of comma- or tab-separated text with a header line, quoted as RFC 4180 says: a field
/// in quotes may hold delimiters, newlines and doubled quotes.
///
/// The header names the columns in any order (`FieldNames`); other columns are not looked at.
package struct DelimitedText: Sendable {
    package static let comma: UInt8 = 0x2C
    package static let tab: UInt8 = 0x09
    /// The most fields of one record.
    package static let fieldsMax = 4096

    private let delimiter: UInt8
    private let names: FieldNames
    private var buffer: TextBuffer
    // One for each column, nil for those that are not looked at; nil before the header was read.
    private var columns: [EntryField?]?

    package init(
        delimiter: UInt8, names: FieldNames = FieldNames(),
        recordBytesMax: Int = RecordReader.recordBytesMax
    ) {
        self.delimiter = delimiter
        self.names = names
        self.buffer = TextBuffer(recordBytesMax: recordBytesMax)
    }

    package mutating func append(_ chunk: [UInt8]) {
        buffer.append(chunk)
    }

    package mutating func finish() {
        buffer.finish()
    }

    package mutating func next(_ entry: inout Entry) throws(InputError) -> ReadStep {
        while true {
            switch try buffer.nextRecord(delimiter: delimiter) {
            case .needsInput: return .needsInput
            case .end: return .end
            case .record(let record):
                do throws(DraftError) {
                    guard let columns else {
                        columns = try header(record)
                        continue
                    }
                    entry = try self.entry(of: record, columns: columns)
                    return .entry
                } catch {
                    throw InputError(
                        line: record.line, error.reason, canGoOn: columns != nil)
                }
            }
        }
    }

    private func header(_ record: TextBuffer.Record) throws(DraftError) -> [EntryField?] {
        let table = FieldTable(names)
        var columns: [EntryField?] = []
        var offset = record.range.lowerBound
        while let field = try field(at: &offset, endOffset: record.range.upperBound) {
            guard columns.count < Self.fieldsMax else { throw tooManyFields() }
            columns.append(table.field(named: field))
        }
        let hasKey = columns.contains { column in
            if case .key = column { true } else { false }
        }
        let hasValue = columns.contains { column in
            if case .value = column { true } else { false }
        }
        guard hasKey else { throw DraftError("the header names no column \"\(names.key)\"") }
        guard hasValue else { throw DraftError("the header names no column \"\(names.value)\"") }
        return columns
    }

    private func entry(
        of record: TextBuffer.Record, columns: [EntryField?]
    ) throws(DraftError) -> Entry {
        var draft = EntryDraft()
        var offset = record.range.lowerBound
        var index = 0
        while let text = try field(at: &offset, endOffset: record.range.upperBound) {
            guard index < columns.count else {
                throw DraftError("more fields than the \(columns.count) of the header")
            }
            if let field = columns[index] {
                try set(field, to: text, in: &draft)
            }
            index += 1
        }
        guard index == columns.count else {
            throw DraftError("\(index) fields, but the header names \(columns.count)")
        }
        return try draft.finished(names: names)
    }

    // An empty number is one that is not given.
    private func set(
        _ field: EntryField, to text: [UInt8], in draft: inout EntryDraft
    ) throws(DraftError) {
        switch field {
        case .ttlMillis, .idleMillis, .flags, .version:
            if !text.isEmpty { try draft.set(field, toText: text) }
        case .key, .value: try draft.set(field, toText: text)
        }
    }

    private func tooManyFields() -> DraftError {
        DraftError("more than \(Self.fieldsMax) fields")
    }

    // The field that begins at `offset`, which moves behind its delimiter; past the end after the
    // last one. nil when there is none.
    private func field(at offset: inout Int, endOffset: Int) throws(DraftError) -> [UInt8]? {
        guard offset <= endOffset else { return nil }
        let bytes = buffer.bytes.span
        var text: [UInt8] = []
        if offset < endOffset, bytes[offset] == Ascii.quote {
            offset += 1
            while true {
                guard offset < endOffset else { throw DraftError("a quoted field is not closed") }
                let byte = bytes[offset]
                offset += 1
                if byte == Ascii.quote {
                    guard offset < endOffset, bytes[offset] == Ascii.quote else { break }
                    offset += 1
                }
                text.append(byte)
            }
            guard offset == endOffset || bytes[offset] == delimiter else {
                throw DraftError("something follows the closing quote of a field")
            }
        } else {
            while offset < endOffset, bytes[offset] != delimiter {
                text.append(bytes[offset])
                offset += 1
            }
        }
        offset += 1
        return text
    }
}
