/// The environment variables that begin with `LARDER_`: which are Larder's, which are foreign.
package enum EnvironmentNames {
    package static let prefix = "LARDER_"

    /// Read for other purposes than a setting.
    package static let others = [
        ConfigurationFile.variable, "LARDER_ADDR", "LARDER_TOKEN", "LARDER_CACERT",
    ]

    /// Refuses a variable that nobody reads, as it is likely a misspelt one.
    package static func check(_ environment: [String: String]) throws(SettingsError) {
        let known = Setting.all.map(\.variable) + others
        for name in environment.keys.sorted() where name.hasPrefix(prefix) {
            guard !known.contains(name), !isServiceLink(name, value: environment[name] ?? "") else {
                continue
            }
            let meant = Suggestion.nearest(
                to: String(name.dropFirst(prefix.count)),
                among: known.map { String($0.dropFirst(prefix.count)) })
            throw SettingsError(
                "\(OneLine.quoted(name)): unknown variable"
                    + (meant.map { ", did you mean \(prefix)\($0)?" } ?? ""),
                exitCode: ExitStatus.configuration)
        }
    }

    // Kubernetes gives every pod variables such as LARDER_SERVICE_HOST, LARDER_SERVICE_PORT_GRPC,
    // LARDER_PORT=tcp://... and LARDER_PORT_7070_TCP_ADDR about a service that is called larder.
    private static func isServiceLink(_ name: String, value: String) -> Bool {
        let parts = name.split(separator: "_")
        if let index = parts.firstIndex(of: "SERVICE"), index + 1 < parts.count {
            return parts[index + 1] == "HOST" || parts[index + 1] == "PORT"
        }
        guard let index = parts.firstIndex(of: "PORT") else { return false }
        guard index + 1 < parts.count else { return value.contains("://") }
        guard index + 2 < parts.count else { return false }
        return UInt16(parts[index + 1]) != nil
            && ["TCP", "UDP", "SCTP"].contains(parts[index + 2])
    }
}
