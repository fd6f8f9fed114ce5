import ArgumentParser
import LarderClient

/// `larder health`: asks whether a server serves, for scripts and containers.
struct Health: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Tell whether the server serves.",
        discussion: """
            Exit codes: 0 it serves, 1 it does not, 2 the call failed, 3 cannot connect.
            """)

    @Argument(help: "One of its services; without it the whole server.")
    var service = ""

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let client = try await connection.connect()
        let status: ServingStatus
        do throws(ClientError) {
            status = try await client.health(
                service: service, timeoutMillis: connection.timeoutMillis)
        } catch {
            guard error.isNotFound else { throw CommandFailure(error) }
            status = .serviceUnknown
        }
        try Terminal.writeLine(status.name)
        if status != .serving { throw ClientExit.negative }
    }
}

extension ServingStatus {
    var name: String {
        switch self {
        case .serving: "SERVING"
        case .notServing: "NOT_SERVING"
        case .serviceUnknown: "SERVICE_UNKNOWN"
        default: "UNKNOWN"
        }
    }
}
