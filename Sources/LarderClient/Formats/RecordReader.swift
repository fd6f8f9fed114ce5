package import LarderProtocol

/// The forms in which entries are read.
package enum InputFormat: String, Sendable, CaseIterable {
    case jsonl, csv, tsv, export

    /// The format that the beginning of the input looks like; the file's name decides between the
    /// kinds of text.
    package static func detect(firstBytes: [UInt8], fileName: String?) -> InputFormat {
        if firstBytes.starts(with: ExportFile.magic) { return .export }
        if let fileName {
            let suffix = fileName.split(separator: ".").last.map { $0.lowercased() } ?? ""
            switch suffix {
            case "jsonl", "ndjson", "json": return .jsonl
            case "csv": return .csv
            case "tsv", "tab": return .tsv
            default: break
            }
        }
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = firstBytes.dropFirst(firstBytes.starts(with: byteOrderMark) ? 3 : 0)
        let first = text.first { $0 > Ascii.space }
        if first == Ascii.openBrace { return .jsonl }
        let header = text.prefix { $0 != Ascii.newline }
        return header.contains(Ascii.tab) ? .tsv : .csv
    }
}

/// A reader of entries in any of the formats: chunks in, entries out. Holds one record and the
/// chunk that it ends in.
package struct RecordReader: Sendable {
    /// The longest record of a text format.
    package static let recordBytesMax = 64 << 20

    // One of the three, chosen once: no existential, and no copy out of an enum for each entry.
    private var json: JSONLines?
    private var delimited: DelimitedText?
    private var export: ExportFileReader?

    package init(_ format: InputFormat, names: FieldNames = FieldNames()) {
        switch format {
        case .jsonl: json = JSONLines(names: names)
        case .csv: delimited = DelimitedText(delimiter: DelimitedText.comma, names: names)
        case .tsv: delimited = DelimitedText(delimiter: DelimitedText.tab, names: names)
        case .export: export = ExportFileReader()
        }
    }

    package mutating func append(_ chunk: [UInt8]) {
        json?.append(chunk)
        delimited?.append(chunk)
        export?.append(chunk)
    }

    /// Says that no more will be appended.
    package mutating func finish() {
        json?.finish()
        delimited?.finish()
        export?.finish()
    }

    /// Reads the next entry into `entry`.
    package mutating func next(_ entry: inout Entry) throws(InputError) -> ReadStep {
        if let step = try json?.next(&entry) { return step }
        if let step = try delimited?.next(&entry) { return step }
        return try export?.next(&entry) ?? .end
    }
}
