import LarderClient

/// Entries as they come, written in one of the forms.
struct ExportWriter {
    enum Form {
        case export, jsonl
    }

    private(set) var output: ExportOutput
    private let form: Form
    private let isMetadataOnly: Bool
    /// Whole entries written.
    private(set) var entryCount: UInt64 = 0
    /// Records written: the parts of a split value one each.
    private var recordCount: UInt64 = 0
    private var json = JSONText()
    // Of a split value that is not whole yet: where its first record begins, and, in JSON lines,
    // what there is of it.
    private var split: (offset: UInt64, recordCount: UInt64)?
    private var gathered: Entry?

    init(output: ExportOutput, form: Form, isMetadataOnly: Bool) throws(CommandFailure) {
        self.output = output
        self.form = form
        self.isMetadataOnly = isMetadataOnly
        if form == .export {
            try self.output.append { ExportFile.appendHeader(to: &$0) }
        }
    }

    mutating func write(_ entry: Entry) throws(CommandFailure) {
        let isSplit = !isMetadataOnly && entry.head.valueBytes > 0
        let isFirst = entry.head.valueOffset == 0
        let end = entry.head.valueOffset + UInt64(entry.value.count)
        let isLast = !isSplit || end >= entry.head.valueBytes
        if isSplit, isFirst { split = (output.offset, recordCount) }
        switch form {
        case .export: try writeRecord(entry)
        case .jsonl: try gather(entry, isFirst: isFirst || !isSplit, isLast: isLast)
        }
        if isLast {
            split = nil
            entryCount += 1
        }
    }

    /// The stream broke: a value that is not whole will come again from its beginning.
    mutating func goBack() throws(CommandFailure) {
        gathered = nil
        guard let split else { return }
        if form == .export {
            try output.goBack(to: split.offset)
            recordCount = split.recordCount
        }
        self.split = nil
    }

    mutating func finish() throws(CommandFailure) {
        if form == .export {
            let count = recordCount
            try output.append { ExportFile.appendEnd(entryCount: count, to: &$0) }
        }
        try output.finish()
    }

    private mutating func writeRecord(_ entry: Entry) throws(CommandFailure) {
        let message = entry.encoded()
        try output.append { ExportFile.append(message: message, to: &$0) }
        recordCount += 1
    }

    private mutating func gather(
        _ entry: Entry, isFirst: Bool, isLast: Bool
    ) throws(CommandFailure) {
        if isFirst {
            gathered = entry
        } else {
            gathered?.value += entry.value
        }
        guard isLast, let whole = gathered else { return }
        gathered = nil
        json.clear()
        json.beginObject()
        json.member("key", bytes: whole.key)
        if isMetadataOnly {
            json.member("value_bytes", whole.head.valueBytes)
        } else {
            json.member("value", bytes: whole.value)
        }
        if let ttlMillis = whole.head.ttlMillis { json.member("ttl_millis", ttlMillis) }
        if whole.head.idleMillis > 0 { json.member("idle_millis", whole.head.idleMillis) }
        if whole.head.flags > 0 { json.member("flags", UInt64(whole.head.flags)) }
        if whole.head.version > 0 { json.member("version", whole.head.version) }
        json.endObject()
        json.newline()
        let line = json.bytes
        try output.append { $0 += line }
    }
}
