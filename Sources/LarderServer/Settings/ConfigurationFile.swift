/// A configuration file, its keys known and its values of the shapes that the settings have.
///
/// The file is one object; the settings' keys are paths into it.
package struct ConfigurationFile: Sendable {
    /// The variable that names the file.
    package static let variable = "LARDER_CONFIG"
    /// More than any sensible configuration.
    package static let fileBytesMax = 1 << 20

    /// What the file gives, as flags would give it, by the setting's key.
    package private(set) var given: [String: [String]] = [:]
    private let path: String

    /// - Throws: the first thing that is wrong with what the file at `path` holds.
    package init(_ root: ConfigurationValue, path: String) throws(SettingsError) {
        self.path = path
        guard case .object(let fields) = root else { throw wrong("\(root) is not an object") }
        try collect(fields, below: [])
    }

    /// Where a setting's value is found, for errors.
    package func place(of setting: Setting) -> String {
        "\(OneLine.quoted(path)): \(setting.key)"
    }

    // No deeper than the settings' keys: anything below is unknown.
    private mutating func collect(
        _ fields: [String: ConfigurationValue], below parents: [String]
    ) throws(SettingsError) {
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            let components = parents + [name]
            let key = components.joined(separator: ".")
            if let setting = Setting.all.first(where: { $0.components == components }) {
                given[key] = try texts(value, of: setting)
            } else if Setting.all.contains(where: { $0.components.starts(with: components) }) {
                guard case .object(let inner) = value else {
                    throw wrong("\(key): \(value) is not an object")
                }
                try collect(inner, below: components)
            } else {
                throw unknown(key)
            }
        }
    }

    private func unknown(_ key: String) -> SettingsError {
        let keys = Setting.all.map(\.key)
        let hint =
            if keys.contains(key) {
                ", the dot means an object"
            } else if let meant = Suggestion.nearest(to: key, among: keys) {
                ", did you mean \(meant)?"
            } else {
                ""
            }
        return wrong("\(OneLine.quoted(key)): unknown key\(hint)")
    }

    /// The value as a flag would give it.
    private func texts(
        _ value: ConfigurationValue, of setting: Setting
    ) throws(SettingsError) -> [String] {
        switch (setting.shape, value) {
        case (.number, .number(let number)), (.numberOrText, .number(let number)):
            return [number]
        case (.numberOrText, .text(let text)), (.text, .text(let text)): return [text]
        case (.truth, .truth(let truth)): return ["\(truth)"]
        case (.list, .text(let text)): return Setting.listParts(text)
        case (.list, .list(let elements)):
            var texts: [String] = []
            for element in elements {
                guard case .text(let text) = element else {
                    throw wrong("\(setting.key): \(element) is not a string in quotation marks")
                }
                texts.append(text)
            }
            return texts
        default: throw wrong("\(setting.key): \(value) is not \(setting.shape.words)")
        }
    }

    private func wrong(_ what: String) -> SettingsError {
        SettingsError("\(OneLine.quoted(path)): \(what)", exitCode: ExitStatus.configuration)
    }
}

extension Setting {
    /// The names that lead to it in a configuration file.
    package var components: [String] {
        key.split(separator: ".").map(String.init)
    }

    /// The parts of a list that is written in one: `a,b`.
    package static func listParts(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
}

extension Setting.Shape {
    fileprivate var words: String {
        switch self {
        case .number: "a number"
        case .numberOrText: "a number or a string in quotation marks"
        case .text: "a string in quotation marks"
        case .truth: "true or false"
        case .list: "a string or a list of strings"
        }
    }
}
