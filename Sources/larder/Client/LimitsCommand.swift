import ArgumentParser
import LarderClient

/// `larder limits`: prints the limits and the abilities of a server.
struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits", abstract: "Print the server's limits.",
        discussion: "Exit codes: 0 done, 2 the call failed, 3 cannot connect.")

    @OptionGroup var connection: ConnectionOptions

    @Option(name: [.customShort("o"), .customLong("output")], help: "text or json.")
    var form = ReportForm.text

    func run() async throws {
        let client = try await connection.connect()
        let limits = try await calling { () async throws(ClientError) in
            try await client.limits(timeoutMillis: connection.timeoutMillis)
        }
        switch form {
        case .text: try Terminal.writeLine(text(limits))
        case .json: try Terminal.writeLine(json(limits))
        }
    }

    private func numbers(_ limits: GetLimitsResponse) -> [(name: String, number: UInt64)] {
        [
            ("max_key_bytes", UInt64(limits.maxKeyBytes)),
            ("max_inline_bytes", UInt64(limits.maxInlineBytes)),
            ("max_value_bytes", limits.maxValueBytes),
            ("max_batch_items", UInt64(limits.maxBatchItems)),
            ("max_batch_bytes", UInt64(limits.maxBatchBytes)),
            ("max_message_bytes", UInt64(limits.maxMessageBytes)),
            ("max_ttl_millis", limits.maxTTLMillis),
            ("max_tags", UInt64(limits.maxTags)),
        ]
    }

    private func text(_ limits: GetLimitsResponse) -> String {
        var rows = [["server_version", limits.serverVersion], ["node_id", limits.nodeID]]
        for limit in numbers(limits) { rows.append([limit.name, String(limit.number)]) }
        rows.append(["encodings", limits.encodings.joined(separator: ", ")])
        return TextTable.text(rows)
    }

    private func json(_ limits: GetLimitsResponse) -> String {
        var json = JSONText()
        json.beginObject()
        json.member("server_version", limits.serverVersion)
        json.member("node_id", limits.nodeID)
        for limit in numbers(limits) { json.member(limit.name, limit.number) }
        json.beginArray("encodings")
        for encoding in limits.encodings { json.element(encoding) }
        json.endArray()
        json.endObject()
        return json.text
    }
}
