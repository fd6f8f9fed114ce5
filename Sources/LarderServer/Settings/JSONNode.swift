/// A JSON value and where in the text it stands.
package struct JSONNode: Sendable, Equatable {
    package indirect enum Value: Sendable, Equatable {
        case null
        case truth(Bool)
        /// As it was written.
        case number(String)
        case string(String)
        case array([JSONNode])
        /// In the order of the text; no name twice.
        case object([JSONField])
    }

    package var value: Value
    package var position: TextPosition

    package init(_ value: Value, at position: TextPosition) {
        self.value = value
        self.position = position
    }
}

/// A name in a JSON object and its value.
package struct JSONField: Sendable, Equatable {
    package var name: String
    package var position: TextPosition
    package var node: JSONNode
}

/// A place in a text, line and column counted from one, the column in characters.
package struct TextPosition: Sendable, Equatable, CustomStringConvertible {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package var description: String { "\(line):\(column)" }
}

/// Why a text is not JSON.
package struct JSONError: Error, Equatable {
    package var position: TextPosition
    package var reason: String
}

extension JSONNode.Value: CustomStringConvertible {
    /// The value as an error shows it, in one short line.
    package var description: String {
        switch self {
        case .null: "null"
        case .truth(let truth): "\(truth)"
        case .number(let number): OneLine.text(number)
        case .string(let text): "\"\(OneLine.text(text))\""
        case .array: "a list"
        case .object: "an object"
        }
    }
}
