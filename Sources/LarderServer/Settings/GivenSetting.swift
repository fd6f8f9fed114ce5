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

/// Where a value came from, the weakest first.
package enum SettingSource: String, Sendable, CaseIterable {
    case `default`, file, environment, flag
}
