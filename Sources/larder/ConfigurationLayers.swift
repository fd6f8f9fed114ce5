import Configuration
import LarderServer

/// Flags, environment and file, one above the other.
struct ConfigurationLayers {
    private struct Layer {
        let source: SettingSource
        let provider: any ConfigProvider
        /// Where a value of this layer is found, for errors.
        let place: @Sendable (Setting) -> String
    }

    /// The strongest first.
    private let layers: [Layer]

    /// - Throws: an unknown variable, or what is wrong with the file.
    init(
        flags: [String: [String]], configurationPath: String?, environment: [String: String]
    ) throws(SettingsError) {
        try EnvironmentNames.check(environment)
        var layers = [
            Layer(
                source: .flag, provider: Self.provider("flags", flags), place: { "--\($0.flag)" }),
            Layer(
                source: .environment,
                provider: EnvironmentVariablesProvider(environmentVariables: environment),
                place: { $0.variable }),
        ]
        if let path = configurationPath ?? environment[ConfigurationFile.variable] {
            let file = try ConfigurationFile(path: path)
            layers.append(
                Layer(
                    source: .file,
                    provider: Self.provider("file", file.given),
                    place: { file.place(of: $0) }))
        }
        self.layers = layers
    }

    /// The strongest layer's value, nil if none has one.
    func given(_ setting: Setting) throws(SettingsError) -> GivenSetting? {
        for layer in layers {
            let key = layer.source == .environment ? setting.variableKey : setting.layerKey
            let place = layer.place(setting)
            let content: ConfigContent?
            do {
                content = try layer.provider.value(forKey: key, type: setting.contentType)
                    .value?.content
            } catch {
                throw SettingsError(
                    "\(place): \(OneLine.joined("\(error)"))", exitCode: ExitStatus.configuration)
            }
            switch content {
            case .string(let text):
                return GivenSetting(texts: [text], source: layer.source, place: place)
            case .stringArray(let texts):
                return GivenSetting(texts: texts, source: layer.source, place: place)
            default: continue
            }
        }
        return nil
    }

    private static func provider(_ name: String, _ texts: [String: [String]]) -> InMemoryProvider {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for setting in Setting.all {
            guard let texts = texts[setting.key] else { continue }
            let content: ConfigContent =
                switch setting.shape {
                case .list: .stringArray(texts)
                case .number, .numberOrText, .text, .truth: .string(texts.last ?? "")
                }
            values[setting.layerKey] = ConfigValue(content, isSecret: false)
        }
        return InMemoryProvider(name: name, values: values)
    }
}

extension Setting {
    fileprivate var layerKey: AbsoluteConfigKey {
        AbsoluteConfigKey(components)
    }

    // The provider writes the parts in capitals, with an underscore between them.
    fileprivate var variableKey: AbsoluteConfigKey {
        AbsoluteConfigKey([variable])
    }

    fileprivate var contentType: ConfigType {
        switch shape {
        case .list: .stringArray
        case .number, .numberOrText, .text, .truth: .string
        }
    }
}
