import ArgumentParser
import LarderClient
import LarderServer

/// `larder admin`: looks after a server that runs.
struct Admin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin", abstract: "Look after a server: statistics, settings, flush, drain.",
        discussion: """
            For the owner of an admin socket, for clients on the same machine where the server \
            wants no credentials, and for those with the role admin.

            Exit codes: 0 done, 2 the call failed, 3 cannot connect.
            """,
        subcommands: [AdminStats.self, AdminFlush.self, AdminConfig.self, AdminDrain.self])
}

/// `larder admin flush`: removes all items.
struct AdminFlush: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flush", abstract: "Remove all items, at once for every reader.")

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let client = try await connection.connect()
        let answer = try await calling { () async throws(ClientError) in
            try await client.flush(timeoutMillis: connection.timeoutMillis)
        }
        try Terminal.writeLine("removed \(answer.removedEntries)")
    }
}

/// `larder admin drain`: lets a server end its calls and stop.
struct AdminDrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Stop the server as SIGTERM does: calls that run may end.")

    @OptionGroup var connection: ConnectionOptions

    @Option(
        help: ArgumentHelp(
            "How long calls may take to end; the server's own setting without it.",
            valueName: "time"), transform: TimeAmount.argument)
    var within: TimeAmount?

    func run() async throws {
        let client = try await connection.connect()
        var request = DrainRequest()
        request.shutdown = true
        request.timeoutMillis = UInt32(clamping: within?.millis ?? 0)
        let answer = try await calling { () async throws(ClientError) in
            try await client.drain(request, timeoutMillis: connection.timeoutMillis)
        }
        try Terminal.writeLine("draining \(answer.connections) connections")
    }
}
