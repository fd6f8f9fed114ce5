import ArgumentParser
import LarderClient

/// `larder admin config`: shows the settings of a server, and changes those that can change.
struct AdminConfig: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Print the server's settings, or change some.",
        discussion: """
            A change holds until the server ends. Those marked live can change: \
            larder admin config cache.memory=2GiB log.level=debug
            """)

    @Argument(help: ArgumentHelp("What to change.", valueName: "key=value"))
    var changes: [String] = []

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        for change in changes where !change.contains("=") {
            throw ValidationError("a change is key=value")
        }
    }

    func run() async throws {
        let client = try await connection.connect()
        var request = UpdateConfigRequest()
        for change in changes {
            let parts = change.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            request.settings.append(
                UpdateConfigEntry(name: String(parts[0]), value: String(parts[1])))
        }
        let asked = request
        let settings = try await calling { () async throws(ClientError) in
            if asked.settings.isEmpty {
                return try await client.config(timeoutMillis: connection.timeoutMillis).settings
            }
            return try await client.updateConfig(asked, timeoutMillis: connection.timeoutMillis)
                .settings
        }
        try Terminal.writeLine(table(settings))
    }

    private func table(_ settings: [ConfigSetting]) -> String {
        var rows = [["key", "value", "source", "live"]]
        for setting in settings {
            rows.append([setting.name, setting.value, setting.source, setting.live ? "live" : "-"])
        }
        return TextTable.text(rows)
    }
}
