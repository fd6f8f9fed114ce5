import LarderGRPC

/// What the administration asks of the server around the services: it knows the process, the
/// connections and the settings.
package struct ServerControl: Sendable {
    /// What a process and its connections are like just now.
    package struct Facts: Sendable {
        package var uptimeMillis: UInt64 = 0
        package var residentBytes: UInt64 = 0
        package var connections: UInt32 = 0
        /// Of the last second.
        package var callsInFlight: UInt64 = 0

        package init() {}
    }

    /// One setting as it is now.
    package struct Setting: Sendable, Equatable {
        /// As in the configuration file: "cache.memory".
        package var name: String
        package var value: String
        package var defaultValue: String
        /// "default", "file", "environment", "flag", "api".
        package var source: String
        /// It can change while the server runs.
        package var isLive: Bool
        package var help: String

        package init(
            name: String, value: String, defaultValue: String, source: String, isLive: Bool,
            help: String
        ) {
            self.name = name
            self.value = value
            self.defaultValue = defaultValue
            self.source = source
            self.isLive = isLive
            self.help = help
        }
    }

    /// A value that a setting is to have.
    package struct Change: Sendable, Equatable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package var facts: @Sendable () -> Facts
    package var settings: @Sendable () -> [Setting]
    /// Changes settings, all or none, and answers with those that were named.
    package var change: @Sendable ([Change]) -> Result<[Setting], Refusal>
    /// Begins to drain and stops the process then; nil: as long as the settings say.
    package var shutDown: @Sendable (_ timeoutMillis: UInt64?) -> Void

    package init(
        facts: @escaping @Sendable () -> Facts,
        settings: @escaping @Sendable () -> [Setting],
        change: @escaping @Sendable ([Change]) -> Result<[Setting], Refusal>,
        shutDown: @escaping @Sendable (UInt64?) -> Void
    ) {
        self.facts = facts
        self.settings = settings
        self.change = change
        self.shutDown = shutDown
    }
}

extension Refusal {
    package static var settingUnknown: Refusal {
        Refusal(.invalidArgument, "SETTING_UNKNOWN", "no such setting")
    }

    package static func settingNotLive(_ name: String) -> Refusal {
        Refusal(
            .failedPrecondition, "SETTING_NOT_LIVE", "\(name) changes with a restart only",
            metadata: [(key: "setting", value: name)])
    }

    package static func settingRefused(_ name: String, allowed: String) -> Refusal {
        Refusal(
            .invalidArgument, "SETTING_REFUSED",
            "\(name) cannot have this value: allowed is \(allowed)",
            metadata: [(key: "setting", value: name)])
    }
}
