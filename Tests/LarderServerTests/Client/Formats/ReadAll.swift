import LarderClient
import LarderProtocol

extension RecordReader {
    /// Everything that `bytes` hold, given in pieces of `pieceBytes`.
    static func readAll(
        _ format: InputFormat, _ bytes: [UInt8], names: FieldNames = FieldNames(),
        pieceBytes: Int = .max
    ) throws -> [Entry] {
        var reader = RecordReader(format, names: names)
        var entries: [Entry] = []
        var entry = Entry()
        var offset = 0
        while true {
            switch try reader.next(&entry) {
            case .entry: entries.append(entry)
            case .end: return entries
            case .needsInput:
                if offset == bytes.count {
                    reader.finish()
                } else {
                    let count = min(pieceBytes, bytes.count - offset)
                    reader.append(Array(bytes[offset..<(offset + count)]))
                    offset += count
                }
            }
        }
    }

    static func readAll(
        _ format: InputFormat, _ text: String, names: FieldNames = FieldNames(),
        pieceBytes: Int = .max
    ) throws -> [Entry] {
        try readAll(format, Array(text.utf8), names: names, pieceBytes: pieceBytes)
    }
}

extension Entry {
    var keyText: String { String(decoding: key, as: UTF8.self) }
    var valueText: String { String(decoding: value, as: UTF8.self) }
}
