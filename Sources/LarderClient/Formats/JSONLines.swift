package import LarderProtocol

/// A reader of JSON lines: one object a line, as `{"key": "user:42", "value": "hello"}`.
///
/// A value that is no string is taken as its JSON text, just as it is written. Members that
/// `FieldNames` does not know are checked and not looked at.
package struct JSONLines: Sendable {
    private let names: FieldNames
    private let table: FieldTable
    private var buffer: TextBuffer

    package init(
        names: FieldNames = FieldNames(), recordBytesMax: Int = RecordReader.recordBytesMax
    ) {
        self.names = names
        table = FieldTable(names)
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
            switch try buffer.nextLine() {
            case .needsInput: return .needsInput
            case .end: return .end
            case .record(let record):
                do throws(DraftError) {
                    guard let read = try self.entry(in: record.range) else { continue }
                    entry = read
                    return .entry
                } catch {
                    throw InputError(line: record.line, error.reason)
                }
            }
        }
    }

    // nil for a line of white space.
    private func entry(in range: Range<Int>) throws(DraftError) -> Entry? {
        var scanner = JSONScanner(buffer.bytes.span.extracting(range))
        guard scanner.peek() != nil else { return nil }
        var draft = EntryDraft()
        do throws(JSONError) {
            try scanner.expect(Ascii.openBrace)
        } catch {
            throw DraftError(error)
        }
        if !scanner.take(Ascii.closeBrace) {
            repeat {
                try member(&scanner, into: &draft)
            } while scanner.take(Ascii.comma)
            try ending(&scanner)
        }
        return try draft.finished(names: names)
    }

    private func ending(_ scanner: inout JSONScanner) throws(DraftError) {
        do throws(JSONError) {
            try scanner.close(Ascii.closeBrace)
            try scanner.expectEnd()
        } catch {
            throw DraftError(error)
        }
    }

    private enum MemberValue {
        case text([UInt8])
        case number(UInt64)
        case nothing
    }

    private func member(
        _ scanner: inout JSONScanner, into draft: inout EntryDraft
    ) throws(DraftError) {
        let field: EntryField?
        let value: MemberValue
        do throws(JSONError) {
            field = table.field(named: try scanner.string())
            try scanner.expect(Ascii.colon)
            value = try memberValue(&scanner, of: field)
        } catch {
            throw DraftError(error)
        }
        guard let field else { return }
        switch value {
        case .text(let text): try draft.set(field, toText: text)
        case .number(let number): try draft.set(field, toNumber: number)
        case .nothing: break
        }
    }

    private func memberValue(
        _ scanner: inout JSONScanner, of field: EntryField?
    ) throws(JSONError) -> MemberValue {
        let isString = scanner.peek() == Ascii.quote
        switch field {
        case .key, .value(.hex), .value(.base64): return .text(try scanner.string())
        case .value(.text):
            return .text(isString ? try scanner.string() : try scanner.rawValue())
        case .ttlMillis, .idleMillis, .flags, .version:
            if scanner.peek() == 0x6E {  // null: not given
                try scanner.skipValue()
                return .nothing
            }
            // A string of digits too: many writers quote 64-bit numbers.
            return isString
                ? .text(try scanner.string()) : .number(try scanner.wholeNumber())
        case nil:
            try scanner.skipValue()
            return .nothing
        }
    }
}

extension DraftError {
    // A line is one text, so its columns are the offsets.
    fileprivate init(_ error: JSONError) {
        let hint =
            error.reason == JSONError.notUTF8 ? " (bytes go into key_base64 or value_base64)" : ""
        self.init("\(error.reason) at column \(error.offset + 1)\(hint)")
    }
}
