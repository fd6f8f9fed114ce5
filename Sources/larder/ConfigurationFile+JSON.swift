import LarderServer

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

// Configuration files are JSON.
extension ConfigurationFile {
    /// - Throws: why the file can't be read, or the first thing that is wrong with it.
    init(path: String) throws(SettingsError) {
        let root: ConfigurationValue
        do {
            let bytes = try FileContents.read(path, bytesMax: Self.fileBytesMax)
            root = try JSONDecoder().decode(ConfigurationValue.self, from: Data(bytes))
        } catch {
            let reason =
                error is FileContents.Failure
                ? "can't be read: \(error)" : "not valid JSON (jq shows the place)"
            throw SettingsError(
                "\(OneLine.quoted(path)): \(reason)", exitCode: ExitStatus.configuration)
        }
        try self.init(root, path: path)
    }
}

extension ConfigurationValue: Decodable {
    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let truth = try? value.decode(Bool.self) {
            self = .truth(truth)
        } else if let number = try? value.decode(Decimal.self) {
            self = .number("\(number)")
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([ConfigurationValue].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: ConfigurationValue].self))
        }
    }
}
