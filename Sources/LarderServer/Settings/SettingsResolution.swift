/// Where a value came from, the weakest first.
package enum SettingSource: String, Sendable, Comparable, CaseIterable {
    case `default`, file, environment, flag

    package static func < (a: SettingSource, b: SettingSource) -> Bool {
        a.strength < b.strength
    }

    private var strength: Int {
        switch self {
        case .default: 0
        case .file: 1
        case .environment: 2
        case .flag: 3
        }
    }
}

/// A value as somebody wrote it, not yet understood.
package struct GivenSetting: Sendable, Equatable {
    /// The value; several only for a list.
    package var texts: [String]
    package var source: SettingSource
    /// Where to look for it: `--threads`, `LARDER_THREADS`, `larder.json: threads`.
    package var place: String

    package init(texts: [String], source: SettingSource, place: String) {
        self.texts = texts
        self.source = source
        self.place = place
    }
}

/// A configuration that can't be right, in one line.
package struct SettingsError: Error, Equatable, CustomStringConvertible {
    package var description: String
    /// The process's exit code.
    package var exitCode: Int32

    package init(_ description: String, exitCode: Int32) {
        self.description = description
        self.exitCode = exitCode
    }
}

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
}
