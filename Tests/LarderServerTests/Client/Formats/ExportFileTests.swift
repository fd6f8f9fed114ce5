import LarderClient
import LarderProtocol
import Testing

@Suite("ExportFile")
struct ExportFileTests {
    private static let entries = (0..<20).map { index in
        Entry(
            key: [UInt8(index), 1], value: [UInt8](repeating: UInt8(index), count: index * 50),
            head: EntryHead(ttlMillis: index % 2 == 0 ? nil : 77, version: UInt64(index)))
    }

    private static var file: [UInt8] {
        var bytes: [UInt8] = []
        ExportFile.appendHeader(to: &bytes)
        for entry in entries { ExportFile.append(message: entry.encoded(), to: &bytes) }
        ExportFile.appendEnd(entryCount: UInt64(entries.count), to: &bytes)
        return bytes
    }

    @Test("entries come back as they went in", arguments: [1, 13, 1000, Int.max])
    func roundTrip(pieceBytes: Int) throws {
        let read = try RecordReader.readAll(.export, Self.file, pieceBytes: pieceBytes)
        #expect(read == Self.entries)
    }

    @Test("a file that is cut anywhere is known for it")
    func cut() {
        let file = Self.file
        for count in 0..<file.count {
            let error = #expect(throws: InputError.self) {
                _ = try RecordReader.readAll(.export, Array(file[..<count]), pieceBytes: 512)
            }
            guard case .offset(let offset) = error?.place else {
                Issue.record("no offset")
                continue
            }
            #expect(offset <= UInt64(count))
        }
    }

    @Test("what follows the end, a wrong count and another version are refused")
    func wrong() {
        #expect(throws: InputError.self) { _ = try RecordReader.readAll(.export, Self.file + [0]) }
        var miscounted: [UInt8] = []
        ExportFile.appendHeader(to: &miscounted)
        ExportFile.appendEnd(entryCount: 1, to: &miscounted)
        #expect(throws: InputError.self) { _ = try RecordReader.readAll(.export, miscounted) }
        var other = Self.file
        other[8] = 2
        #expect(throws: InputError.self) { _ = try RecordReader.readAll(.export, other) }
        other[0] = 0
        #expect(throws: InputError.self) { _ = try RecordReader.readAll(.export, other) }
    }

    @Test("an absurd length is refused without waiting for its bytes")
    func absurdLength() {
        var file: [UInt8] = []
        ExportFile.appendHeader(to: &file)
        file += [0xFE, 0xFF, 0xFF, 0xFF]
        let error = #expect(throws: InputError.self) {
            _ = try RecordReader.readAll(.export, file)
        }
        #expect(error?.place == .offset(12))
    }

    @Test("the format is told from the name or the first bytes")
    func detection() {
        func detect(_ text: String, _ name: String? = nil) -> InputFormat {
            InputFormat.detect(firstBytes: Array(text.utf8), fileName: name)
        }
        #expect(InputFormat.detect(firstBytes: Self.file, fileName: "x.csv") == .export)
        #expect(detect("{\"key\":1}") == .jsonl)
        #expect(detect("\u{FEFF}\n {\"key\":1}") == .jsonl)
        #expect(detect("key,value\na\tb,c") == .csv)
        #expect(detect("key\tvalue\n") == .tsv)
        #expect(detect("key\tvalue\n", "a/b.CSV") == .csv)
        #expect(detect("", "x.ndjson") == .jsonl)
    }
}
