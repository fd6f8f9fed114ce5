import Foundation
import LarderServer

/// A configuration file, its keys known and its values of the shapes that the settings have.
///
/// The file is one JSON object; the settings' keys are paths into it.
struct ConfigurationFile {
    /// The variable that names the file.
    static let variable = "LARDER_CONFIG"
    /// More than any sensible configuration.
    static let fileBytesMax = 1 << 20

    /// What it gives, by the setting's key.
    let texts: [String: [String]]

    /// - Throws: what is wrong with the file, the first of it in the order of keys.
    init(path: String) throws(SettingsError) {
        let bytes: [UInt8]
        do throws(FileContents.Failure) {
            bytes = try FileContents.read(path, bytesMax: Self.fileBytesMax)
        } catch {
            throw Self.error(path, "can't be read: \(error)")
        }
        try self.init(bytes, path: path)
    }

    init(_ bytes: [UInt8], path: String) throws(SettingsError) {
        let tree: JSONValue
        do {
            tree = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
        } catch {
            throw Self.error(path, "is not JSON: \(JSONValue.reason(error))")
        }
        guard case .object(let fields) = tree else {
            throw Self.error(path, "is not a JSON object but \(tree.kind)")
        }
        var texts: [String: [String]] = [:]
        try Self.collect(fields, below: [], path: path, into: &texts)
        self.texts = texts
    }

    private static func error(_ path: String, _ what: String) -> SettingsError {
        SettingsError("\(OneLine.quoted(path)): \(what)", exitCode: ExitStatus.configuration)
    }

    // As deep as the settings' keys: anything below is unknown.
    private static func collect(
        _ fields: [String: JSONValue], below parents: [String], path: String,
        into texts: inout [String: [String]]
    ) throws(SettingsError) {
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            let components = parents + [name]
            let key = components.joined(separator: ".")
            let place = "\(OneLine.quoted(path)): \(OneLine.quoted(key))"
            if let setting = Setting.all.first(where: { $0.components == components }) {
                texts[key] = try setting.texts(value, place: place)
            } else if Setting.all.contains(where: { $0.components.starts(with: components) }) {
                guard case .object(let inner) = value else {
                    throw SettingsError(
                        "\(place): \(value.text) is not an object",
                        exitCode: ExitStatus.configuration)
                }
                try collect(inner, below: components, path: path, into: &texts)
            } else {
                let meant = Suggestion.nearest(to: key, among: Setting.all.map(\.key))
                throw SettingsError(
                    "\(place): unknown key" + (meant.map { ", did you mean \($0)?" } ?? ""),
                    exitCode: ExitStatus.configuration)
            }
        }
    }
}

extension Setting {
    fileprivate var components: [String] {
        key.split(separator: ".").map(String.init)
    }

    /// The value as a flag would give it.
    fileprivate func texts(_ value: JSONValue, place: String) throws(SettingsError) -> [String] {
        switch (shape, value) {
        case (.number, .number(let number)), (.numberOrText, .number(let number)): return [number]
        case (.numberOrText, .string(let text)), (.text, .string(let text)): return [text]
        case (.truth, .truth(let truth)): return ["\(truth)"]
        case (.list, .array(let elements)):
            var texts: [String] = []
            for element in elements {
                guard case .string(let text) = element else {
                    throw SettingsError(
                        "\(place): \(element.text) is not a string in quotation marks",
                        exitCode: ExitStatus.configuration)
                }
                texts.append(text)
            }
            return texts
        default:
            throw SettingsError(
                "\(place): \(value.text) is not \(shape.words)",
                exitCode: ExitStatus.configuration)
        }
    }
}

extension Setting.Shape {
    fileprivate var words: String {
        switch self {
        case .number: "a number"
        case .numberOrText: "a number or a string in quotation marks"
        case .text: "a string in quotation marks"
        case .truth: "true or false"
        case .list: "a list of strings"
        }
    }
}
