import Foundation
import LarderServer

/// A JSON value, its numbers in the digits of whole numbers as far as they are whole.
enum JSONValue: Decodable {
    case null
    case truth(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let truth = try? container.decode(Bool.self) {
            self = .truth(truth)
        } else if let whole = try? container.decode(Int64.self) {
            self = .number("\(whole)")
        } else if let whole = try? container.decode(UInt64.self) {
            self = .number("\(whole)")
        } else if let number = try? container.decode(Double.self) {
            self = .number("\(number)")
        } else if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let elements = try? container.decode([JSONValue].self) {
            self = .array(elements)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// The value as an error shows it.
    var text: String {
        switch self {
        case .null: "null"
        case .truth(let truth): "\(truth)"
        case .number(let number): OneLine.text(number)
        case .string(let text): "\"\(OneLine.text(text))\""
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// What it is, in words.
    var kind: String {
        switch self {
        case .null: "null"
        case .truth: "true or false"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// Why bytes are not JSON, in one line, with the position where the decoder tells it.
    static func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError, case .dataCorrupted(let context) = error else {
            return OneLine.joined("\(error)")
        }
        let underlying = context.underlyingError.flatMap { cause in
            (cause as NSError).userInfo[NSDebugDescriptionErrorKey] as? String
        }
        return OneLine.joined(underlying ?? context.debugDescription)
    }
}
