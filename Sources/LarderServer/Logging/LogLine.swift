package import Logging

/// One event as one line of at most `bytesMax` bytes, the newline included.
///
/// What doesn't fit is cut and the cut is shown, so that a line is written at once, whole, and
/// never mixes with another.
package struct LogLine: Sendable {
    /// What a pipe takes in one piece on Linux (`PIPE_BUF`).
    package static let bytesMax = 4_096
    /// Of the message, of each metadata value, of each metadata key and of the label.
    package static let messageBytesMax = 1_024
    package static let valueBytesMax = 512
    package static let keyBytesMax = 64
    /// Elements of a list or a dictionary inside the metadata, and how deep these nest.
    package static let elementsMax = 16
    package static let depthMax = 4

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
        switch format {
        case .text: text(time, level, message, metadata)
        case .json: json(time, level, message, metadata)
        }
    }

    private func text(
        _ time: Timestamp, _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata
    ) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        time.append(to: &line)
        line.append(UInt8(ascii: " "))
        line.append(contentsOf: level.rawValue.utf8)
        for _ in level.rawValue.utf8.count..<max(5, level.rawValue.utf8.count) {
            line.append(UInt8(ascii: " "))
        }
        line.append(UInt8(ascii: " "))
        LogText.appendPlain(label, bytesMax: Self.keyBytesMax, to: &line)
        line.append(contentsOf: ": ".utf8)
        LogText.appendPlain(message, bytesMax: Self.messageBytesMax, to: &line)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            var field: [UInt8] = [UInt8(ascii: " ")]
            LogText.appendPlain(key, bytesMax: Self.keyBytesMax, to: &field)
            field.append(UInt8(ascii: "="))
            LogText.appendWord(Self.words(value), bytesMax: Self.valueBytesMax, to: &field)
            guard line.count + field.count + Self.endBytes <= Self.bytesMax else {
                line.append(contentsOf: " …".utf8)
                break
            }
            line.append(contentsOf: field)
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    private func json(
        _ time: Timestamp, _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata
    ) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        line.append(contentsOf: #"{"ts":""#.utf8)
        time.append(to: &line)
        line.append(contentsOf: #"","level":""#.utf8)
        line.append(contentsOf: level.rawValue.utf8)
        line.append(contentsOf: #"","label":"#.utf8)
        LogText.appendJSON(label, bytesMax: Self.keyBytesMax, to: &line)
        line.append(contentsOf: #","message":"#.utf8)
        LogText.appendJSON(message, bytesMax: Self.messageBytesMax, to: &line)
        var isCut = false
        var isFirst = true
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            var field: [UInt8] = Array((isFirst ? #","metadata":{"# : ",").utf8)
            LogText.appendJSON(key, bytesMax: Self.keyBytesMax, to: &field)
            field.append(UInt8(ascii: ":"))
            Self.appendJSON(value, depth: 1, to: &field)
            guard line.count + field.count + Self.endBytes <= Self.bytesMax else {
                isCut = true
                break
            }
            line.append(contentsOf: field)
            isFirst = false
        }
        if !isFirst { line.append(UInt8(ascii: "}")) }
        if isCut { line.append(contentsOf: #","cut":true"#.utf8) }
        line.append(contentsOf: "}\n".utf8)
        return line
    }

    private static func words(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): text
        case .stringConvertible(let value): value.description
        case .array(let elements) where elements.count <= elementsMax:
            elements.map(flat).joined(separator: ",")
        case .array, .dictionary: String(decoding: nested(value), as: UTF8.self)
        }
    }

    /// An element of a list, which is one word or nested no further.
    private static func flat(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): text
        case .stringConvertible(let value): value.description
        case .array, .dictionary: String(decoding: nested(value), as: UTF8.self)
        }
    }

    private static func nested(_ value: Logger.MetadataValue) -> [UInt8] {
        var bytes: [UInt8] = []
        appendJSON(value, depth: 1, to: &bytes)
        return bytes
    }

    private static func appendJSON(
        _ value: Logger.MetadataValue, depth: Int, to line: inout [UInt8]
    ) {
        switch value {
        case .string(let text):
            LogText.appendJSON(text, bytesMax: valueBytesMax, to: &line)
        case .stringConvertible(let value):
            LogText.appendJSON(value.description, bytesMax: valueBytesMax, to: &line)
        case .array(_) where depth >= depthMax, .dictionary(_) where depth >= depthMax:
            LogText.appendJSON("…", bytesMax: valueBytesMax, to: &line)
        case .array(let elements):
            line.append(UInt8(ascii: "["))
            for (index, element) in elements.prefix(elementsMax).enumerated()
            where line.count <= bytesMax {  // longer ones are dropped anyway
                if index > 0 { line.append(UInt8(ascii: ",")) }
                appendJSON(element, depth: depth + 1, to: &line)
            }
            if elements.count > elementsMax { line.append(contentsOf: #","…""#.utf8) }
            line.append(UInt8(ascii: "]"))
        case .dictionary(let fields):
            line.append(UInt8(ascii: "{"))
            let sorted = fields.sorted { $0.key < $1.key }
            for (index, field) in sorted.prefix(elementsMax).enumerated()
            where line.count <= bytesMax {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                LogText.appendJSON(field.key, bytesMax: keyBytesMax, to: &line)
                line.append(UInt8(ascii: ":"))
                appendJSON(field.value, depth: depth + 1, to: &line)
            }
            if fields.count > elementsMax { line.append(contentsOf: #","…":true"#.utf8) }
            line.append(UInt8(ascii: "}"))
        }
    }
}
