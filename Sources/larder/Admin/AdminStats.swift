import ArgumentParser
import LarderClient

/// `larder admin stats`: the counters and gauges of a server.
struct AdminStats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Print the server's counters.",
        discussion: """
            As text, those defences against clients that ask too much are told that have acted; \
            with -o json all.
            """)

    @OptionGroup var connection: ConnectionOptions

    @Option(name: [.customShort("o"), .customLong("output")], help: "text or json.")
    var form = ReportForm.text

    func run() async throws {
        let client = try await connection.connect()
        let stats = try await calling { () async throws(ClientError) in
            try await client.stats(timeoutMillis: connection.timeoutMillis)
        }
        switch form {
        case .text: try Terminal.writeLine(text(stats))
        case .json: try Terminal.writeLine(json(stats))
        }
    }

    private func numbers(_ stats: GetStatsResponse) -> [(name: String, number: UInt64)] {
        var numbers: [(name: String, number: UInt64)] = [
            ("uptime_millis", stats.uptimeMillis), ("budget_bytes", stats.budgetBytes),
            ("used_bytes", stats.usedBytes), ("resident_bytes", stats.residentBytes),
            ("connections", UInt64(stats.connections)), ("calls_in_flight", stats.callsInFlight),
        ]
        // There is one namespace, named "default".
        guard let items = stats.namespaces.first else { return numbers }
        numbers += [
            ("entries", items.entries), ("value_bytes", items.valueBytes), ("hits", items.hits),
            ("misses", items.misses), ("sets", items.sets), ("deletes", items.deletes),
            ("evicted", items.evicted), ("evicted_bytes", items.evictedBytes),
            ("expired", items.expired), ("not_admitted", items.notAdmitted),
            ("not_admitted_bytes", items.notAdmittedBytes),
        ]
        return numbers
    }

    private func text(_ stats: GetStatsResponse) -> String {
        var rows = [["server_version", stats.serverVersion], ["node_id", stats.nodeID]]
        for (name, number) in numbers(stats) { rows.append([name, String(number)]) }
        for defence in stats.defences where defence.count > 0 {
            rows.append([defence.name, String(defence.count)])
        }
        return TextTable.text(rows)
    }

    private func json(_ stats: GetStatsResponse) -> String {
        var json = JSONText()
        json.beginObject()
        json.member("server_version", stats.serverVersion)
        json.member("node_id", stats.nodeID)
        for (name, number) in numbers(stats) { json.member(name, number) }
        for defence in stats.defences { json.member(defence.name, defence.count) }
        json.endObject()
        return json.text
    }
}
