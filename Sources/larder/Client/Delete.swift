import ArgumentParser
import LarderClient

/// `larder delete`: removes one item.
struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Remove an item.",
        discussion: """
            Exit codes: 0 removed, 1 a miss or a condition failed, 2 the call failed, 3 cannot \
            connect.
            """)

    @OptionGroup var key: KeyArgument
    @OptionGroup var connection: ConnectionOptions

    @Option(
        parsing: .unconditional, help: "Remove it only if it has this version.",
        transform: OptionValue.version)
    var ifVersion: UInt64?

    @Option(name: [.customShort("o"), .customLong("output")], help: "text or json.")
    var form = ReportForm.text

    func run() async throws {
        let client = try await connection.connect()
        let request = DeleteRequest(key: key.bytes, ifVersion: ifVersion ?? 0)
        let answer = try await calling { () async throws(ClientError) in
            try await client.delete(request, timeoutMillis: connection.timeoutMillis)
        }
        let isDone = answer.outcome == .deleted || answer.outcome == .markedStale
        switch form {
        case .json:
            var json = JSONText()
            json.beginObject()
            json.member("key", bytes: key.bytes)
            json.member("outcome", answer.outcome.name)
            json.endObject()
            try Terminal.writeLine(json.text)
        case .text:
            if isDone {
                try Terminal.writeLine("deleted")
            } else {
                Terminal.note(answer.outcome == .conditionFailed ? "condition failed" : "miss")
            }
        }
        if !isDone { throw ClientExit.negative }
    }
}

extension DeleteOutcome {
    var name: String {
        switch self {
        case .deleted: "deleted"
        case .miss: "miss"
        case .conditionFailed: "condition_failed"
        case .markedStale: "marked_stale"
        default: "unknown_\(rawValue)"
        }
    }
}
