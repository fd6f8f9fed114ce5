import LarderServer

/// The environment variables that begin with `LARDER_`: which are Larder's, which are foreign.
enum EnvironmentNames {
    static let prefix = "LARDER_"

    /// Read by other verbs or by tests, so not by the server.
    static let others = [
        ConfigurationFile.variable, "LARDER_ADDR", "LARDER_TOKEN", "LARDER_CACERT", "LARDER_BIN",
    ]

    /// Refuses a variable that nobody reads, as it is likely a misspelt one.
    static func check(_ environment: [String: String]) throws(SettingsError) {
        let known = Setting.all.map(\.variable) + others
        for name in environment.keys.sorted() where name.hasPrefix(prefix) {
            guard !known.contains(name), !isServiceLink(name) else { continue }
            let meant = Suggestion.nearest(to: name, among: known)
            throw SettingsError(
                "\(OneLine.quoted(name)): unknown variable"
                    + (meant.map { ", did you mean \($0)?" } ?? ""),
                exitCode: ExitStatus.configuration)
        }
    }

    // Kubernetes gives every pod variables such as LARDER_SERVICE_HOST, LARDER_PORT and
    // LARDER_PORT_7070_TCP_ADDR about a service that is called larder.
    private static func isServiceLink(_ name: String) -> Bool {
        let parts = name.split(separator: "_")
        if parts.suffix(2) == ["SERVICE", "HOST"] || parts.suffix(2) == ["SERVICE", "PORT"] {
            return true
        }
        if parts.last == "PORT" || parts.contains("SERVICE") && parts.contains("PORT") {
            return true
        }
        guard let index = parts.firstIndex(of: "PORT"), index + 2 < parts.count else {
            return false
        }
        return UInt16(parts[index + 1]) != nil
            && ["TCP", "UDP", "SCTP"].contains(parts[index + 2])
    }
}
