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

    private static let withinMax = TimeAmount(millis: UInt64(UInt32.max / 3_600_000) * 3_600_000)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How long calls may take to end; the server's own setting without it.",
            valueName: "time"), transform: OptionValue.time)
    var within: TimeAmount?

    func validate() throws {
        if let within, within.millis > Self.withinMax.millis {
            throw ValidationError("--within: \(within) is over the limit of \(Self.withinMax)")
        }
    }

    func run() async throws {
        let client = try await connection.connect()
        var request = DrainRequest()
        request.shutdown = true
        // 0 would leave it to the server.
        request.timeoutMillis = within.map { max(UInt32(clamping: $0.millis), 1) } ?? 0
        let answer = try await calling { () async throws(ClientError) in
            try await client.drain(request, timeoutMillis: connection.timeoutMillis)
        }
        try Terminal.writeLine("draining \(answer.connections) connections")
    }
}
