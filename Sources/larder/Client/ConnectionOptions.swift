import ArgumentParser
import LarderClient
import LarderServer

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Which server a client verb talks to, and how long it waits.
struct ConnectionOptions: ParsableArguments {
    static let addressVariable = "LARDER_ADDR"
    static let addressDefault = "127.0.0.1:7070"
    static let authorityVariable = "LARDER_CACERT"
    static let tokenVariable = "LARDER_TOKEN"
    private static let timeoutDefault = TimeAmount(millis: 30_000)
    /// A file with a token holds little else.
    private static let tokenFileBytesMax = 4_096
    /// The longest answer to one call: a value may be as long as the server lets it be.
    static let messageBytesMax = UInt32(Int32.max)

    @Option(
        name: .customLong("addr"),
        help: ArgumentHelp(
            "The server: host:port or unix:/path. (\(addressVariable)) (default: \(addressDefault))",
            valueName: "address"))
    var address: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How long a call may take, such as 500ms or 10s; 0 is for ever. The streams of load and export may take as long as they do. (default: \(timeoutDefault))",
            valueName: "time"),
        transform: OptionValue.time)
    var timeout = Self.timeoutDefault

    @Flag(help: "Speak TLS; so does each of --ca, --cert and --server-name.")
    var tls = false

    @Option(
        help: ArgumentHelp(
            "Trust servers with a certificate signed by these, PEM, in place of those that the system trusts. (\(authorityVariable))",
            valueName: "file"), completion: .file())
    var ca: String?

    @Option(
        help: ArgumentHelp("Show this certificate to the server, PEM.", valueName: "file"),
        completion: .file())
    var cert: String?

    @Option(
        help: ArgumentHelp("The key of --cert, if it stands elsewhere.", valueName: "file"),
        completion: .file())
    var key: String?

    @Option(
        help: ArgumentHelp(
            "The name in the server's certificate, if it is not the host.", valueName: "name"))
    var serverName: String?

    @Option(
        help: ArgumentHelp(
            "Show the token in this file. (\(tokenVariable): the token itself)", valueName: "file"),
        completion: .file())
    var tokenFile: String?

    func validate() throws {
        if key != nil, cert == nil { throw ValidationError("--key is the key of --cert") }
    }

    private func security(_ environment: [String: String]) -> ClientSecurity? {
        let authority = ca ?? environment[Self.authorityVariable]
        guard tls || authority != nil || cert != nil || serverName != nil else { return nil }
        var security = ClientSecurity()
        security.authority = authority
        security.certificate = cert
        security.key = key
        security.serverName = serverName
        return security
    }

    /// The token of the file, or else of the variable.
    private func token(_ environment: [String: String]) throws(CommandFailure) -> String? {
        guard let tokenFile else {
            guard let text = environment[Self.tokenVariable], !text.isEmpty else { return nil }
            guard let token = Self.token(in: text) else {
                throw CommandFailure(
                    "\(Self.tokenVariable): \(Self.noToken)", exitCode: ExitStatus.usage)
            }
            return token
        }
        do throws(FileContents.Failure) {
            let bytes = try FileContents.read(tokenFile, bytesMax: Self.tokenFileBytesMax)
            guard let token = Self.token(in: String(decoding: bytes, as: UTF8.self)) else {
                throw FileContents.Failure(description: Self.noToken)
            }
            return token
        } catch {
            throw .unreadable(tokenFile, error.description)
        }
    }

    private static let noToken = "it does not hold one token of visible ASCII characters"

    /// The one word in `text`, if a header can carry it.
    private static func token(in text: String) -> String? {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 1, let word = words.first else { return nil }
        return word.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? String(word) : nil
    }

    var timeoutMillis: UInt64? { timeout.millis == 0 ? nil : timeout.millis }

    func connect() async throws(CommandFailure) -> CacheClient {
        let environment = ProcessInfo.processInfo.environment
        var options = ChannelOptions()
        options.receivedMessageBytesMax = Self.messageBytesMax
        options.userAgent = "larder/\(Version.current)"
        options.security = security(environment)
        options.token = try token(environment)
        if timeout.millis > 0 { options.connectTimeoutMillis = timeout.millis }
        do throws(ClientError) {
            return try await CacheClient.connect(
                to: address ?? environment[Self.addressVariable] ?? Self.addressDefault,
                options: options)
        } catch {
            guard case .malformedAddress = error else { throw CommandFailure(error) }
            let place = address == nil ? Self.addressVariable : "--addr"
            throw CommandFailure("\(place): \(error)", exitCode: ExitStatus.usage)
        }
    }
}
