/// Metrics being written in Prometheus' text format, version 0.0.4.
///
/// A family is begun and gets its samples before the next one begins.
package struct MetricsText {
    /// What a family's numbers do.
    package enum Kind: String {
        /// They grow, and begin anew with the process.
        case counter
        case gauge
    }

    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package private(set) var text = ""
    private var family = ""

    package init() {}

    /// Begins a family: what follows are its samples.
    package mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        family = name
        text += "# HELP \(name) \(Self.escaped(help))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    package mutating func sample(
        _ value: UInt64, labels: [(name: String, value: String)] = []
    ) {
        sample("\(value)", labels)
    }

    /// A sample in seconds, good to a millisecond.
    package mutating func sample(millis: UInt64) {
        sample("\(millis / 1_000).\("\(1_000 + millis % 1_000)".dropFirst())", [])
    }

    /// A family of one number without labels.
    package mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: UInt64) {
        begin(name, kind, help)
        sample(value)
    }

    private mutating func sample(_ number: String, _ labels: [(name: String, value: String)]) {
        text += family
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
            text += "{\(pairs.joined(separator: ","))}"
        }
        text += " \(number)\n"
    }

    private static func escaped(_ text: String, quotes: Bool = false) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
