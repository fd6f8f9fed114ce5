package import Logging

/// One event as one line of at most `bytesMax` bytes, the newline included.
///
/// What doesn't fit is cut and the cut is shown, so that a line is written at once, whole, and
/// never mixes with another.
package struct LogLine: Sendable {
    /// What a pipe takes in one piece on Linux (`PIPE_BUF`).
    package static let bytesMax = 4_096
    /// Of the message, of each text in the metadata, of each metadata key and of the label.
    package static let messageBytesMax = 1_024
    package static let valueBytesMax = 512
    package static let keyBytesMax = 64

    /// What is kept free for the mark of a cut and the end of the line.
    private static let endBytes = 64

    package let format: LogFormat
    package let label: String

    package init(format: LogFormat, label: String) {
        self.format = format
        self.label = label
    }

    /// The line's bytes.
    package func bytes(
        at time: Timestamp, level: Logger.Level, message: String, metadata: Logger.Metadata
    ) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        let fields = metadata.sorted { $0.key < $1.key }
        switch format {
        case .text:
            time.append(to: &line)
            let padding = String(repeating: " ", count: max(0, 5 - level.rawValue.count))
            line.append(contentsOf: " \(level.rawValue)\(padding) ".utf8)
            LogText.appendPlain(label, bytesMax: Self.keyBytesMax, to: &line)
            line.append(contentsOf: ": ".utf8)
            LogText.appendPlain(message, bytesMax: Self.messageBytesMax, to: &line)
            let isCut = !Self.append(fields, to: &line, field: Self.textField)
            line.append(contentsOf: (isCut ? " …\n" : "\n").utf8)
        case .json:
            line.append(contentsOf: #"{"ts":""#.utf8)
            time.append(to: &line)
            line.append(contentsOf: #"","level":"\#(level.rawValue)","label":"#.utf8)
            LogText.appendJSON(label, bytesMax: Self.keyBytesMax, to: &line)
            line.append(contentsOf: #","message":"#.utf8)
            LogText.appendJSON(message, bytesMax: Self.messageBytesMax, to: &line)
            var isCut = false
            if !fields.isEmpty {
                line.append(contentsOf: #","metadata":{"#.utf8)
                isCut = !Self.append(fields, to: &line, field: Self.jsonField)
                line.append(UInt8(ascii: "}"))
            }
            line.append(contentsOf: (isCut ? #","cut":true}"# : "}").utf8)
            line.append(UInt8(ascii: "\n"))
        }
        return line
    }

    private typealias Field = (key: String, value: Logger.MetadataValue)

    /// Appends fields as long as they fit; false if one didn't.
    private static func append(
        _ fields: [Field], to line: inout [UInt8], field write: (Field, inout [UInt8]) -> Void
    ) -> Bool {
        for field in fields {
            let before = line.count
            write(field, &line)
            guard line.count + endBytes <= bytesMax else {
                line.removeSubrange(before...)
                return false
            }
        }
        return true
    }

    private static func textField(_ field: Field, to line: inout [UInt8]) {
        line.append(UInt8(ascii: " "))
        LogText.appendPlain(field.key, bytesMax: keyBytesMax, to: &line)
        line.append(UInt8(ascii: "="))
        LogText.appendWord(words(field.value), bytesMax: valueBytesMax, to: &line)
    }

    private static func words(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): text
        case .stringConvertible(let value): value.description
        case .array(let elements): elements.map(words).joined(separator: ",")
        case .dictionary(let fields):
            fields.sorted { $0.key < $1.key }.map { "\($0.key)=\(words($0.value))" }
                .joined(separator: ",")
        }
    }

    private static func jsonField(_ field: Field, to line: inout [UInt8]) {
        appendComma(to: &line)
        LogText.appendJSON(field.key, bytesMax: keyBytesMax, to: &line)
        line.append(UInt8(ascii: ":"))
        appendJSON(field.value, to: &line)
    }

    private static func appendJSON(_ value: Logger.MetadataValue, to line: inout [UInt8]) {
        switch value {
        case .string, .stringConvertible:
            LogText.appendJSON(words(value), bytesMax: valueBytesMax, to: &line)
        case .array(let elements):
            line.append(UInt8(ascii: "["))
            for element in elements {
                appendComma(to: &line)
                appendJSON(element, to: &line)
            }
            line.append(UInt8(ascii: "]"))
        case .dictionary(let fields):
            line.append(UInt8(ascii: "{"))
            for field in fields.sorted(by: { $0.key < $1.key }) { jsonField(field, to: &line) }
            line.append(UInt8(ascii: "}"))
        }
    }

    /// A comma, unless a list or an object has just begun.
    private static func appendComma(to line: inout [UInt8]) {
        guard line.last != UInt8(ascii: "["), line.last != UInt8(ascii: "{") else { return }
        line.append(UInt8(ascii: ","))
    }
}
