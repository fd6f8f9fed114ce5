import LarderClient
import LarderServer

// Configuration files are JSON.
extension ConfigurationFile {
    /// - Throws: why the file can't be read, or the first thing that is wrong with it.
    init(path: String) throws(SettingsError) {
        let bytes: [UInt8]
        do throws(FileContents.Failure) {
            bytes = try FileContents.read(path, bytesMax: Self.fileBytesMax)
        } catch {
            throw SettingsError(
                "\(OneLine.quoted(path)): can't be read: \(error)",
                exitCode: ExitStatus.configuration)
        }
        try self.init(json: bytes.span, path: path)
    }

    /// - Throws: the first thing that is wrong with `bytes`, which stand in the file at `path`.
    init(json bytes: Span<UInt8>, path: String) throws(SettingsError) {
        let root: ConfigurationValue
        do throws(JSONError) {
            var scanner = JSONScanner(bytes)
            root = try ConfigurationValue(reading: &scanner)
            try scanner.expectEnd()
        } catch {
            throw SettingsError(
                "\(OneLine.quoted(path)): not valid JSON: \(error.description(in: bytes))",
                exitCode: ExitStatus.configuration)
        }
        try self.init(root, path: path)
    }
}

extension ConfigurationValue {
    fileprivate init(reading scanner: inout JSONScanner, depth: Int = 0) throws(JSONError) {
        switch scanner.peek() {
        case UInt8(ascii: "{"): self = .object(try Self.object(&scanner, depth: depth))
        case UInt8(ascii: "["): self = .list(try Self.list(&scanner, depth: depth))
        case UInt8(ascii: "\""): self = .text(try Self.text(&scanner))
        default:
            let word = String(decoding: try scanner.rawValue(), as: UTF8.self)
            switch word {
            case "null": self = .null
            case "true": self = .truth(true)
            case "false": self = .truth(false)
            default: self = .number(word)
            }
        }
    }

    private static func object(
        _ scanner: inout JSONScanner, depth: Int
    ) throws(JSONError) -> [String: ConfigurationValue] {
        try scanner.enter(depth: depth)
        var fields: [String: ConfigurationValue] = [:]
        try scanner.expect(UInt8(ascii: "{"))
        if scanner.take(UInt8(ascii: "}")) { return fields }
        repeat {
            _ = scanner.peek()
            let offset = scanner.offset
            let name = try text(&scanner)
            guard fields[name] == nil else {
                throw JSONError("\(OneLine.quoted(name)) is there twice", at: offset)
            }
            try scanner.expect(UInt8(ascii: ":"))
            fields[name] = try ConfigurationValue(reading: &scanner, depth: depth + 1)
        } while scanner.take(UInt8(ascii: ","))
        try scanner.close(UInt8(ascii: "}"))
        return fields
    }

    private static func list(
        _ scanner: inout JSONScanner, depth: Int
    ) throws(JSONError) -> [ConfigurationValue] {
        try scanner.enter(depth: depth)
        var elements: [ConfigurationValue] = []
        try scanner.expect(UInt8(ascii: "["))
        if scanner.take(UInt8(ascii: "]")) { return elements }
        repeat {
            elements.append(try ConfigurationValue(reading: &scanner, depth: depth + 1))
        } while scanner.take(UInt8(ascii: ","))
        try scanner.close(UInt8(ascii: "]"))
        return elements
    }

    private static func text(_ scanner: inout JSONScanner) throws(JSONError) -> String {
        String(decoding: try scanner.string(), as: UTF8.self)
    }
}
