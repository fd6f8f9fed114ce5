import LarderServer

/// The settings as `--print-config` shows them: key, value, source, a line each.
enum ConfigurationTable {
    static func text(_ resolution: SettingsResolution) -> String {
        let rows = resolution.rows.map { row in
            [row.setting.key, OneLine.text(row.value, bytesMax: 4_096), row.source.rawValue]
        }
        return TextTable.text([["key", "value", "source"]] + rows)
    }
}
