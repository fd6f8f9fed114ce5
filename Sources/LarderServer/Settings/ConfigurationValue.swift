/// A value in a configuration file, as the file's reader hands it over.
package enum ConfigurationValue: Sendable, Equatable {
    case null
    case truth(Bool)
    /// In decimal.
    case number(String)
    case text(String)
    case list([ConfigurationValue])
    case object([String: ConfigurationValue])
}

extension ConfigurationValue: CustomStringConvertible {
    /// The value as an error shows it, in one short line.
    package var description: String {
        switch self {
        case .null: "null"
        case .truth(let truth): "\(truth)"
        case .number(let number): number
        case .text(let text): "\"\(OneLine.text(text))\""
        case .list: "a list"
        case .object: "an object"
        }
    }
}
