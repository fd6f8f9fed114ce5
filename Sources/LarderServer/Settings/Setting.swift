/// One thing that an operator can choose: its names, what is allowed, and what it changes.
///
/// The table `Setting.all` is the only place that knows them; flags, variables, files, the help
/// and `--print-config` follow it.
package struct Setting: Sendable {
    /// What a configuration file may hold for it.
    package enum Shape: Sendable {
        /// A whole number.
        case number
        /// A whole number, or text with a unit.
        case numberOrText
        case text
        /// `true` or `false`.
        case truth
        /// A list of texts.
        case list
    }

    /// Its path in a configuration file, the names joined by dots.
    package let key: String
    /// Its flag without the dashes.
    package let flag: String
    package let shape: Shape
    /// The placeholder for its value in the help.
    package let valueName: String
    /// What it is for, in one sentence.
    package let summary: String
    /// What is allowed, in words; it may depend on the machine and on settings before it.
    package let allowed: @Sendable (Settings, Machine) -> String
    /// The default in words, where the figure depends on the machine or on other settings.
    package let defaultWords: String?

    let adopt: @Sendable (_ given: [String], _ settings: inout Settings, Machine) -> Verdict
    /// Sets its default anew after the settings that it depends on; most depend on none.
    let follow: @Sendable (_ settings: inout Settings) -> Void
    let shown: @Sendable (Settings) -> String

    /// What became of a value.
    enum Verdict: Equatable {
        case adopted
        /// Refused; the reason stands behind the value, as in "0 is out of range".
        case refused(_ value: String, _ reason: String)
    }

    /// Its environment variable.
    package var variable: String {
        "LARDER_" + flag.uppercased().split(separator: "-").joined(separator: "_")
    }

    /// Its value, as a flag would take it; a list's parts are joined by commas.
    package func value(in settings: Settings) -> String {
        shown(settings)
    }
}

// The kinds of settings.
extension Setting {
    /// How a number is written.
    enum Unit {
        case count, bytes, memory, time

        func parse(_ text: String, _ machine: Machine) -> UInt64? {
            switch self {
            case .count:
                NumberAndUnit.split(text).flatMap { $0.unit.isEmpty ? $0.number : nil }
            case .bytes: ByteSize(parsing: text)?.bytes
            case .memory: Self.memory(text, machine)
            case .time: TimeAmount(parsing: text)?.millis
            }
        }

        private static func memory(_ text: String, _ machine: Machine) -> UInt64? {
            guard let amount = MemoryAmount(parsing: text) else { return nil }
            switch amount {
            case .bytes(let bytes): return bytes
            case .percent:
                guard let usableBytes = machine.memory.usableBytes else { return nil }
                return Settings.wholeMebibytes(amount.bytes(of: usableBytes))
            }
        }

        func format(_ number: UInt64) -> String {
            switch self {
            case .count: "\(number)"
            case .bytes, .memory: ByteSize(number).description
            case .time: TimeAmount(millis: number).description
            }
        }

        var refusal: String {
            switch self {
            case .count: "is not a whole number"
            case .bytes: "is not a size such as 1024 or 64MiB"
            case .memory: "is not a size such as 512MiB or 80%"
            case .time: "is not a time such as 500ms, 10s or 2m"
            }
        }

        var shape: Shape {
            switch self {
            case .count: .number
            case .bytes, .memory: .numberOrText
            case .time: .text
            }
        }

        var valueName: String {
            switch self {
            case .count: "n"
            case .bytes, .memory: "size"
            case .time: "time"
            }
        }
    }

    static func number(
        _ key: String, flag: String, _ summary: String, unit: Unit, defaultWords: String? = nil,
        allowed: @escaping @Sendable (Settings, Machine) -> ClosedRange<UInt64>,
        following: (@Sendable (Settings) -> UInt64)? = nil,
        load: @escaping @Sendable (Settings) -> UInt64,
        store: @escaping @Sendable (inout Settings, UInt64) -> Void
    ) -> Setting {
        Setting(
            key: key, flag: flag, shape: unit.shape, valueName: unit.valueName, summary: summary,
            allowed: { settings, machine in
                let range = allowed(settings, machine)
                return "\(unit.format(range.lowerBound)) to \(unit.format(range.upperBound))"
            },
            defaultWords: defaultWords,
            adopt: { given, settings, machine in
                let text = given.last ?? ""
                guard let number = unit.parse(text, machine) else {
                    return .refused(text, unit.refusal)
                }
                guard allowed(settings, machine).contains(number) else {
                    return .refused(text, "is out of range")
                }
                store(&settings, number)
                return .adopted
            },
            follow: { settings in
                if let following { store(&settings, following(settings)) }
            },
            shown: { unit.format(load($0)) })
    }

    static func truth(
        _ key: String, flag: String, _ summary: String,
        _ path: any WritableKeyPath<Settings, Bool> & Sendable, defaultWords: String? = nil,
        following: (@Sendable (Settings) -> Bool)? = nil
    ) -> Setting {
        Setting(
            key: key, flag: flag, shape: .truth, valueName: "true|false", summary: summary,
            allowed: { _, _ in "true or false" }, defaultWords: defaultWords,
            adopt: { given, settings, _ in
                let text = given.last ?? ""
                guard let truth = Bool(text) else {
                    return .refused(text, "is neither true nor false")
                }
                settings[keyPath: path] = truth
                return .adopted
            },
            follow: { settings in
                if let following { settings[keyPath: path] = following(settings) }
            },
            shown: { "\($0[keyPath: path])" })
    }

    static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ key: String, flag: String, _ summary: String, valueName: String,
        _ path: any WritableKeyPath<Settings, Choice> & Sendable
    ) -> Setting {
        let names = Choice.allCases.map(\.rawValue)
        let allowed = names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
        return Setting(
            key: key, flag: flag, shape: .text, valueName: valueName,
            summary: "\(summary): \(allowed).", allowed: { _, _ in allowed }, defaultWords: nil,
            adopt: { given, settings, _ in
                let text = given.last ?? ""
                guard let choice = Choice(rawValue: text) else {
                    return .refused(text, "is unknown")
                }
                settings[keyPath: path] = choice
                return .adopted
            },
            follow: { _ in },
            shown: { $0[keyPath: path].rawValue })
    }
}
