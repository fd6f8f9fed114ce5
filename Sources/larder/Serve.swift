import ArgumentParser
import LarderServer
import Logging

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// `larder serve`: reads the configuration, then serves until it is told to stop.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a cache until SIGTERM or SIGINT.",
        discussion: """
            Each setting is a flag, an environment variable and a key of the configuration file; \
            a flag wins over a variable, a variable over the file, the file over the default. \
            The file is JSON: the key cache.memory is {"cache": {"memory": "512MiB"}}. Unknown \
            keys and variables are errors.

            Sizes are bytes or take B, kB, MB, GB, TB (thousands), KiB, MiB, GiB, TiB (1,024). \
            Times take ms, s, m or h.
            """)

    @OptionGroup(title: "Settings") var options: SettingOptions

    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            "Read settings from this JSON file. [\(ConfigurationFile.variable)]",
            valueName: "file"),
        completion: .file(extensions: ["json"]))
    var configurationPath: String?

    @Flag(help: "Print each setting with its value and where it comes from, and exit.")
    var printConfig = false

    @Flag(help: "Check the whole configuration and exit.")
    var checkConfig = false

    func run() async throws {
        let resolution = try resolve()
        if printConfig {
            try Terminal.writeLine(ConfigurationTable.text(resolution))
        } else if checkConfig {
            do throws(SettingsError) {
                _ = try SecurityPlan(resolution.settings)
            } catch {
                throw CommandFailure(error)
            }
            try Terminal.writeLine("the configuration is right")
        } else {
            try await serve(resolution)
        }
    }

    private func resolve() throws(CommandFailure) -> SettingsResolution {
        do throws(SettingsError) {
            return try Self.resolution(flags: options.given, configurationPath)
        } catch {
            throw CommandFailure(error)
        }
    }

    private static func resolution(
        flags: [String: [String]], _ configurationPath: String?
    ) throws(SettingsError) -> SettingsResolution {
        let layers = try ConfigurationLayers(
            flags: flags, configurationPath: configurationPath,
            environment: ProcessInfo.processInfo.environment)
        return try SettingsResolution(machine: Machine()) {
            (setting) throws(SettingsError) in try layers.given(setting)
        }
    }

    private func serve(_ resolution: SettingsResolution) async throws(CommandFailure) {
        let settings = resolution.settings
        let level = SharedLogLevel(settings.logLevel)
        LoggingSystem.bootstrap { label in
            StandardErrorLog(label: label, format: settings.logFormat, following: level)
        }
        let (flags, path) = (options.given, configurationPath)
        do throws(ServerError) {
            try await Server.run(
                settings: settings, logger: Logger(label: "larder"),
                sources: resolution.sourcesByKey, logLevel: level
            ) { () throws(SettingsError) in try Self.resolution(flags: flags, path) }
        } catch {
            throw CommandFailure(error)
        }
    }
}
