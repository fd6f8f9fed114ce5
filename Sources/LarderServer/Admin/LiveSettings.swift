import LarderService
import Logging
import Synchronization

/// The settings as they are now, and those of them that change while the server runs.
final class LiveSettings: Sendable {
    private struct State {
        var settings: Settings
        var sources: [String: String]
        /// What flags, variables and the file said when they were read last.
        var asRead: Settings
    }

    private static let liveKeys: Set<String> = [
        Setting.memory.key, Setting.entriesMax.key, Setting.connectionsMax.key,
        Setting.drainTimeout.key, Setting.logLevel.key,
    ]

    private let machine: Machine
    private let state: Mutex<State>
    private let logLevel: SharedLogLevel?

    init(_ settings: Settings, sources: [String: SettingSource], logLevel: SharedLogLevel?) {
        machine = Machine()
        state = Mutex(
            State(
                settings: settings, sources: sources.mapValues { $0.rawValue }, asRead: settings))
        self.logLevel = logLevel
    }

    /// All of them as they are now.
    var current: Settings { state.withLock { $0.settings } }

    /// All of them. Paths are told, what stands in the files is not.
    var all: [ServerControl.Setting] {
        state.withLock { state in Setting.all.map { setting($0, state) } }
    }

    /// Changes all of `entries` or none; `apply` gets the settings that hold then, before another
    /// change can come.
    func change(
        _ entries: [ServerControl.Change], apply: (Settings) -> Void
    ) -> Result<[ServerControl.Setting], Refusal> {
        state.withLock { state in
            var changed = state
            var named: [Setting] = []
            for entry in entries {
                guard let setting = Setting.all.first(where: { $0.key == entry.name }) else {
                    return .failure(.settingUnknown)
                }
                guard isLive(setting) else { return .failure(.settingNotLive(setting.key)) }
                let allowed = setting.allowed(changed.settings, machine)
                switch setting.adopt([entry.value], &changed.settings, machine) {
                case .adopted: changed.sources[setting.key] = "api"
                case .refused:
                    return .failure(.settingRefused(setting.key, allowed: allowed))
                }
                named.append(setting)
            }
            state = changed
            apply(changed.settings)
            logLevel?.level = changed.settings.logLevel
            return .success(named.map { self.setting($0, changed) })
        }
    }

    /// What a second reading of the configuration has come to, as keys.
    struct Rereading: Equatable {
        /// Changed by it.
        var changed: [String] = []
        /// Chosen otherwise than they are, and to be had with a restart only.
        var needsRestart: [String] = []
    }

    /// Adopts what the configuration says now and did not say before; what else was changed while
    /// the server ran stays. `apply` as for `change`.
    func adopt(_ resolution: SettingsResolution, apply: (Settings) -> Void) -> Rereading {
        state.withLock { state in
            var rereading = Rereading()
            for (setting, value, source) in resolution.rows {
                if !isLive(setting) {
                    let isOther = value != setting.value(in: state.settings)
                    // A default may follow a setting that has changed.
                    if isOther, source != .default { rereading.needsRestart.append(setting.key) }
                } else if value != setting.value(in: state.asRead),
                    setting.adopt([value], &state.settings, machine) == .adopted
                {
                    state.sources[setting.key] = source.rawValue
                    rereading.changed.append(setting.key)
                }
            }
            state.asRead = resolution.settings
            apply(state.settings)
            logLevel?.level = state.settings.logLevel
            return rereading
        }
    }

    private func isLive(_ setting: Setting) -> Bool {
        guard Self.liveKeys.contains(setting.key) else { return false }
        return setting.key != Setting.logLevel.key || logLevel != nil
    }

    private func setting(_ setting: Setting, _ state: State) -> ServerControl.Setting {
        ServerControl.Setting(
            name: setting.key, value: setting.value(in: state.settings),
            defaultValue: setting.value(in: Settings(machine: machine)),
            source: state.sources[setting.key] ?? SettingSource.default.rawValue,
            isLive: isLive(setting), help: setting.summary)
    }
}
