/// Text that came from outside, made fit for one line of a terminal or a log: short and without
/// control characters.
package enum OneLine {
    /// Longer text is cut; a cut is shown.
    package static let bytesMax = 200

    /// `text` without what would break the line.
    package static func text(_ text: String, bytesMax: Int = bytesMax) -> String {
        var line = ""
        var bytes = 0
        for scalar in text.unicodeScalars {
            let piece = visible(scalar)
            bytes += piece.utf8.count
            guard bytes <= bytesMax else { return line + "…" }
            line += piece
        }
        return line
    }

    /// As `text`, in quotation marks where it would be misread without them.
    package static func quoted(_ text: String) -> String {
        let line = self.text(text)
        let isPlain = !line.isEmpty && !line.utf8.contains(where: { $0 <= UInt8(ascii: " ") })
        return isPlain && line == text ? line : "\"\(line)\""
    }

    /// Several lines as one, the breaks made spaces.
    package static func joined(_ lines: String) -> String {
        text(lines.split(separator: "\n").joined(separator: " "), bytesMax: 4 * bytesMax)
    }

    private static func visible(_ scalar: Unicode.Scalar) -> String {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .format, .surrogate:
            switch scalar {
            case "\n": "\\n"
            case "\r": "\\r"
            case "\t": "\\t"
            default: "\\u{\(String(scalar.value, radix: 16))}"
            }
        default: String(scalar)
        }
    }
}
