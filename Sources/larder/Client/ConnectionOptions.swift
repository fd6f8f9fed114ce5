import ArgumentParser
import Foundation
import LarderClient
import LarderServer

/// Which server a client verb talks to, and how long it waits.
struct ConnectionOptions: ParsableArguments {
    static let addressVariable = "LARDER_ADDR"
    static let addressDefault = "127.0.0.1:7070"
    /// The longest answer to one call: a value may be as long as the server lets it be.
    static let messageBytesMax = UInt32(Int32.max)

    @Option(
        name: .customLong("addr"),
        help: ArgumentHelp(
            "The server: host:port or unix:/path. (\(addressVariable)) (default: \(addressDefault))",
            valueName: "address"))
    var address: String?

    @Option(
        help: ArgumentHelp(
            "How long a call may take, such as 500ms or 10s; 0 is for ever.", valueName: "time"))
    var timeout: TimeAmount = TimeAmount(millis: 30_000)

    var timeoutMillis: UInt64? { timeout.millis == 0 ? nil : timeout.millis }

    func connect() async throws(CommandFailure) -> CacheClient {
        let environment = ProcessInfo.processInfo.environment[Self.addressVariable]
        var options = ChannelOptions()
        options.receivedMessageBytesMax = Self.messageBytesMax
        options.userAgent = "larder/\(Version.current)"
        if timeout.millis > 0 { options.connectTimeoutMillis = timeout.millis }
        do throws(ClientError) {
            return try await CacheClient.connect(
                to: address ?? environment ?? Self.addressDefault, options: options)
        } catch {
            throw CommandFailure(error)
        }
    }
}

extension TimeAmount: ExpressibleByArgument {
    package init?(argument: String) {
        self.init(parsing: argument)
    }

    package var defaultValueDescription: String { description }
}
