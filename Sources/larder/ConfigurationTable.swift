import LarderServer

/// The settings as `--print-config` shows them: key, value, source, a line each.
enum ConfigurationTable {
    static func text(_ resolution: SettingsResolution) -> String {
        var lines = [["key", "value", "source"]]
        for row in resolution.rows {
            lines.append([
                row.setting.key, OneLine.text(row.value, bytesMax: 4_096), row.source.rawValue,
            ])
        }
        let widths = (0..<2).map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { cells in
            let key = pad(cells[0], to: widths[0])
            let value = pad(cells[1], to: widths[1])
            return "\(key)  \(value)  \(cells[2])\n"
        }.joined()
    }

    private static func pad(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
