/// A configuration file, its keys known and its values of the shapes that the settings have.
///
/// The file is one JSON object; the settings' keys are paths into it.
package struct ConfigurationFile: Sendable {
    /// The variable that names the file.
    package static let variable = "LARDER_CONFIG"
    /// More than any sensible configuration.
    package static let fileBytesMax = 1 << 20

    /// What the file gives for a setting, and where it stands.
    package struct Given: Sendable, Equatable {
        package var texts: [String]
        package var place: String

        package init(texts: [String], place: String) {
            self.texts = texts
            self.place = place
        }
    }

    /// By the setting's key.
    package private(set) var given: [String: Given] = [:]
    private let path: String

    /// - Throws: the first thing that is wrong with the file.
    package init(path: String) throws(SettingsError) {
        let bytes: [UInt8]
        do throws(FileContents.Failure) {
            bytes = try FileContents.read(path, bytesMax: Self.fileBytesMax)
        } catch {
            throw SettingsError(
                "\(OneLine.quoted(path)): can't be read: \(error)",
                exitCode: ExitStatus.configuration)
        }
        try self.init(bytes, path: path)
    }

    /// - Throws: the first thing that is wrong with the text.
    package init(_ bytes: [UInt8], path: String) throws(SettingsError) {
        self.path = path
        let root: JSONNode
        do throws(JSONError) {
            root = try JSONReader.read(bytes)
        } catch {
            throw wrong(error.position, "not JSON: \(error.reason)")
        }
        guard case .object(let fields) = root.value else {
            throw wrong(root.position, "\(root.value) is not an object")
        }
        try collect(fields, below: [])
    }

    // No deeper than the settings' keys: anything below is unknown.
    private mutating func collect(
        _ fields: [JSONField], below parents: [String]
    ) throws(SettingsError) {
        for field in fields {
            let components = parents + [field.name]
            let key = components.joined(separator: ".")
            if let setting = Setting.all.first(where: { $0.components == components }) {
                given[key] = Given(
                    texts: try texts(field.node, of: setting),
                    place: place(field.node.position, key))
            } else if Setting.all.contains(where: { $0.components.starts(with: components) }) {
                guard case .object(let inner) = field.node.value else {
                    throw wrong(
                        field.node.position, "\(key): \(field.node.value) is not an object")
                }
                try collect(inner, below: components)
            } else {
                throw unknown(field, key)
            }
        }
    }

    private func unknown(_ field: JSONField, _ key: String) -> SettingsError {
        let keys = Setting.all.map(\.key)
        if keys.contains(key) {
            return wrong(
                field.position, "\(OneLine.quoted(key)): unknown key, the dot means an object")
        }
        let meant = Suggestion.nearest(to: key, among: keys)
        return wrong(
            field.position,
            "\(OneLine.quoted(key)): unknown key" + (meant.map { ", did you mean \($0)?" } ?? ""))
    }

    /// The value as a flag would give it.
    private func texts(_ node: JSONNode, of setting: Setting) throws(SettingsError) -> [String] {
        switch (setting.shape, node.value) {
        case (.number, .number(let number)), (.numberOrText, .number(let number)):
            return [number]
        case (.numberOrText, .string(let text)), (.text, .string(let text)): return [text]
        case (.truth, .truth(let truth)): return ["\(truth)"]
        case (.list, .array(let elements)):
            var texts: [String] = []
            for element in elements {
                guard case .string(let text) = element.value else {
                    throw wrong(
                        element.position,
                        "\(setting.key): \(element.value) is not a string in quotation marks")
                }
                texts.append(text)
            }
            return texts
        default:
            throw wrong(
                node.position, "\(setting.key): \(node.value) is not \(setting.shape.words)")
        }
    }

    private func place(_ position: TextPosition, _ key: String) -> String {
        "\(OneLine.quoted(path)):\(position): \(key)"
    }

    private func wrong(_ position: TextPosition, _ what: String) -> SettingsError {
        SettingsError(
            "\(OneLine.quoted(path)):\(position): \(what)", exitCode: ExitStatus.configuration)
    }
}

extension Setting {
    /// The names that lead to it in a configuration file.
    package var components: [String] {
        key.split(separator: ".").map(String.init)
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
