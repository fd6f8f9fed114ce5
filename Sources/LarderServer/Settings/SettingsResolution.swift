/// Settings together with where each came from.
package struct SettingsResolution: Sendable {
    package let settings: Settings
    private let sources: [SettingSource]

    /// Takes for each setting what is given, else its default.
    ///
    /// - Throws: the first value that is refused, in the table's order.
    package init(
        machine: Machine, given: (Setting) throws(SettingsError) -> GivenSetting?
    ) throws(SettingsError) {
        var settings = Settings(machine: machine)
        var sources: [SettingSource] = []
        for setting in Setting.all {
            guard let value = try given(setting) else {
                setting.follow(&settings)
                sources.append(.default)
                continue
            }
            let allowed = setting.allowed(settings, machine)
            switch setting.adopt(value.texts, &settings, machine) {
            case .adopted: sources.append(value.source)
            case .refused(let text, let reason):
                throw SettingsError(
                    "\(value.place): \(OneLine.quoted(text)) \(reason): allowed is \(allowed)",
                    exitCode: value.source == .flag ? ExitStatus.usage : ExitStatus.configuration)
            }
        }
        self.settings = settings
        self.sources = sources
    }

    /// Each setting with its value and source, in the table's order.
    package var rows: [(setting: Setting, value: String, source: SettingSource)] {
        zip(Setting.all, sources).map { ($0, $0.value(in: settings), $1) }
    }

    /// Where each setting came from, by its key.
    package var sourcesByKey: [String: SettingSource] {
        Dictionary(uniqueKeysWithValues: zip(Setting.all.map(\.key), sources))
    }
}
