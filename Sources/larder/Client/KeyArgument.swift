import ArgumentParser
import LarderClient

/// The key that a verb is about.
struct KeyArgument: ParsableArguments {
    @Argument(help: "The key.")
    var key: String

    @Flag(name: .customLong("hex"), help: "The key is written in hexadecimal digits.")
    var isHex = false

    func validate() throws {
        guard !key.isEmpty else { throw ValidationError("the key is empty") }
        if isHex, Hex.decode(Array(key.utf8)) == nil {
            throw ValidationError("--hex wants an even number of hexadecimal digits")
        }
    }

    var bytes: [UInt8] {
        let text = Array(key.utf8)
        return isHex ? Hex.decode(text) ?? [] : text
    }
}

/// How a result is printed.
enum OutputForm: String, ExpressibleByArgument, CaseIterable {
    /// For people and scripts.
    case text
    /// One JSON object.
    case json
    /// The bytes of the value and nothing else.
    case raw
}

/// How a result without a value is printed.
enum ReportForm: String, ExpressibleByArgument, CaseIterable {
    case text, json
}
