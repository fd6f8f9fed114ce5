import ArgumentParser
import LarderClient
import LarderServer

/// `larder get`: reads one item.
struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Read an item.",
        discussion: "Exit codes: 0 a hit, 1 a miss, 2 the call failed, 3 cannot connect.")

    @OptionGroup var key: KeyArgument
    @OptionGroup var connection: ConnectionOptions

    @Option(name: [.customShort("o"), .customLong("output")], help: "text, json or raw.")
    var form = OutputForm.text

    @Flag(help: "Do not count this read.")
    var peek = false

    @Flag(help: "Leave the value out.")
    var metadataOnly = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Give the item this time to live from now on; 0 is for ever.", valueName: "time"),
        transform: OptionValue.time)
    var touch: TimeAmount?

    func run() async throws {
        let client = try await connection.connect()
        let request = GetRequest(
            key: key.bytes, metadataOnly: metadataOnly, peek: peek,
            touchTTLMillis: touch?.millis, maxInlineBytes: ConnectionOptions.messageBytesMax)
        let answer = try await calling { () async throws(ClientError) in
            try await client.get(request, timeoutMillis: connection.timeoutMillis)
        }
        try show(answer)
        switch answer.head.outcome {
        case .hit: return
        case .tooLarge:
            throw CommandFailure(
                "the value's \(answer.head.valueBytes) bytes are too many for one answer",
                exitCode: ClientExit.callFailed)
        default: throw ClientExit.negative
        }
    }

    private func show(_ answer: GetResponse) throws(CommandFailure) {
        let isHit = answer.head.outcome == .hit
        switch form {
        case .json: try Terminal.writeLine(json(answer))
        case .raw:
            if isHit { try Terminal.write(answer.value) }
        case .text:
            guard isHit else { return Terminal.note("miss") }
            if metadataOnly { return try Terminal.writeLine(metadata(answer.head)) }
            try Terminal.write(answer.value)
            if Terminal.isOutput { try Terminal.write([0x0A]) }
        }
    }

    private func metadata(_ head: GetResponseHead) -> String {
        let ttl = head.ttlMillis.map(String.init) ?? "never"
        return TextTable.text([
            ["version", "\(head.version)"], ["flags", "\(head.flags)"], ["ttl_millis", ttl],
            ["age_millis", "\(head.ageMillis)"], ["value_bytes", "\(head.valueBytes)"],
        ])
    }

    private func json(_ answer: GetResponse) -> String {
        let head = answer.head
        var json = JSONText()
        json.beginObject()
        json.member("key", bytes: key.bytes)
        json.member("outcome", head.outcome.name)
        if head.outcome == .hit || head.outcome == .tooLarge {
            json.member("version", head.version)
            json.member("flags", UInt64(head.flags))
            if let ttlMillis = head.ttlMillis { json.member("ttl_millis", ttlMillis) }
            json.member("age_millis", head.ageMillis)
            json.member("value_bytes", head.valueBytes)
            if head.outcome == .hit, !metadataOnly { json.member("value", bytes: answer.value) }
        }
        json.endObject()
        return json.text
    }
}

extension GetOutcome {
    var name: String {
        switch self {
        case .hit: "hit"
        case .miss: "miss"
        case .notModified: "not_modified"
        case .leaseGranted: "lease_granted"
        case .leaseHeld: "lease_held"
        case .tooLarge: "too_large"
        case .omitted: "omitted"
        default: "unknown_\(rawValue)"
        }
    }
}
