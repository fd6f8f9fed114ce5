import LarderClient
import LarderProtocol
import Testing

@Suite("DelimitedText")
struct DelimitedTextTests {
    private static let text = """
        \u{FEFF}id,"value",note,ttl_millis,flags,key\r
        1,plain,x,500,3,a\r
        2,"with ""quotes"", a comma\r
        and a newline",x,,,b

        3,,x,,,"c d"
        4,5" disk,x,0,,é
        """

    @Test(
        "quotes, newlines in fields, blank lines and either line end are read as meant",
        arguments: [1, 2, 3, 7, 64, Int.max])
    func reading(pieceBytes: Int) throws {
        let entries = try RecordReader.readAll(.csv, Self.text, pieceBytes: pieceBytes)
        #expect(entries.map(\.keyText) == ["a", "b", "c d", "é"])
        #expect(
            entries.map(\.valueText) == [
                "plain", "with \"quotes\", a comma\r\nand a newline", "", "5\" disk",
            ])
        #expect(entries.map(\.head.ttlMillis) == [500, nil, nil, 0])
        #expect(entries.map(\.head.flags) == [3, 0, 0, 0])
    }

    @Test("columns may be named otherwise, and bytes be given in hexadecimal or base64")
    func names() throws {
        let names = FieldNames(key: "id", value: "body")
        let entries = try RecordReader.readAll(
            .tsv, "body_base64\tid_hex\n/wA=\t00ff\n/wA\tFF\n", names: names)
        #expect(entries.map(\.key) == [[0, 255], [255]])
        #expect(entries.map(\.value) == [[255, 0], [255, 0]])
    }

    private static let wholeNumber = "a whole number from 0 to 18446744073709551615"

    @Test(
        "what is malformed is refused with the line it stands on",
        arguments: [
            ("key,value\na,b\nc\n", 3, "1 fields, but the header names 2"),
            ("key,value\na,b,c\n", 2, "more fields than the 2 of the header"),
            ("key,value\na,\"b\"c\n", 2, "something follows the closing quote of a field"),
            ("key,value\na,\"b\n\n", 2, "a quoted field is not closed before the end"),
            ("key,value\na,\"b\n\"\n,x\n", 4, "the key is empty"),
            ("key,value,ttl_millis\na,b,-1\n", 2, "ttl_millis is not \(wholeNumber)"),
            (
                "key,value,flags\na,b,4294967296\n", 2,
                "flags of 4294967296 is over the limit of 4294967295"
            ),
            ("key,value,version\na,b,18446744073709551616\n", 2, "version is not \(wholeNumber)"),
            ("key_hex,value\nabc,b\n", 2, "key_hex is not an even number of hexadecimal digits"),
            ("key,wert\n", 1, "the header names no column \"value\""),
            ("schluessel,value\n", 1, "the header names no column \"key\""),
        ])
    func malformed(text: String, line: UInt64, reason: String) {
        let error = #expect(throws: InputError.self) {
            _ = try RecordReader.readAll(.csv, text)
        }
        #expect(error?.place == .line(line))
        #expect(error?.reason == reason)
    }

    @Test("reading goes on behind a malformed line")
    func goingOn() throws {
        var reader = RecordReader(.csv)
        reader.append(Array("key,value\na,1\nbad\nb,2\n".utf8))
        reader.finish()
        var entry = Entry()
        #expect(try reader.next(&entry) == .entry)
        let error = #expect(throws: InputError.self) { _ = try reader.next(&entry) }
        #expect(error?.canGoOn == true)
        #expect(try reader.next(&entry) == .entry)
        #expect(entry.keyText == "b")
        #expect(try reader.next(&entry) == .end)
    }

    @Test("a record over the bound is refused before it is whole, and so is a header alone fine")
    func bounds() throws {
        var reader = DelimitedText(delimiter: DelimitedText.comma, recordBytesMax: 100)
        var entry = Entry()
        reader.append(Array("key,value\na,".utf8))
        #expect(try reader.next(&entry) == .needsInput)
        reader.append([UInt8](repeating: 0x78, count: 200))
        let error = #expect(throws: InputError.self) { _ = try reader.next(&entry) }
        #expect(error?.canGoOn == false)
        #expect(try RecordReader.readAll(.csv, "key,value\n").isEmpty)
        #expect(try RecordReader.readAll(.csv, "").isEmpty)
    }
}
