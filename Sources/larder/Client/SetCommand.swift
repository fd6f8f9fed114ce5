import ArgumentParser
import LarderClient
import LarderServer

/// `larder set`: stores one item.
struct SetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Store an item.",
        discussion: """
            The value is an argument, a file's bytes (--file) or, with - or without a value, what \
            standard input holds. Behind -- key and value may begin with a hyphen.

            A value that does not fit into a message (larder limits: max_message_bytes) goes in \
            parts, and then no version is told; with --append, --prepend, --keep-ttl, \
            --new-version or a condition other than --if-absent it has to fit.

            Exit codes: 0 stored, 1 a condition failed or the item was not admitted, 2 the call \
            failed, 3 cannot connect.
            """)

    @OptionGroup var key: KeyArgument

    @Argument(help: "The value; - or nothing: standard input.")
    var value: String?

    @Option(help: "Take the value from this file; -: standard input.", completion: .file())
    var file: String?

    @OptionGroup var connection: ConnectionOptions

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The item's time to live; 0 is for ever.", valueName: "time"),
        transform: OptionValue.time)
    var ttl: TimeAmount?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Expire when not read for so long; 0 is never.", valueName: "time"),
        transform: OptionValue.time)
    var idle: TimeAmount?

    @Flag(help: "Keep the present time to live, if the item is there.")
    var keepTTL = false

    @Flag(help: "Store only if there is no such item.")
    var ifAbsent = false

    @Flag(help: "Store only if there is such an item.")
    var ifPresent = false

    @Option(
        parsing: .unconditional, help: "Store only if the item has this version.",
        transform: OptionValue.version)
    var ifVersion: UInt64?

    @Flag(help: "Store only if the item is not there or has a smaller version than --new-version.")
    var ifNewer = false

    @Option(
        parsing: .unconditional, help: "The item's new version, the caller's own.",
        transform: OptionValue.version)
    var newVersion: UInt64?

    @Option(
        parsing: .unconditional, help: "A number kept with the item, up to \(UInt32.max).",
        transform: OptionValue.number())
    var flags: UInt32 = 0

    @Flag(help: "Add the value behind the present one.")
    var append = false

    @Flag(help: "Add the value before the present one.")
    var prepend = false

    @Option(name: [.customShort("o"), .customLong("output")], help: "text or json.")
    var form = ReportForm.text

    func validate() throws {
        let conditions = [ifAbsent, ifPresent, ifVersion != nil, ifNewer].filter { $0 }
        guard conditions.count <= 1 else {
            throw ValidationError(
                "--if-absent, --if-present, --if-version and --if-newer exclude one another")
        }
        if ifNewer, newVersion == nil { throw ValidationError("--if-newer needs --new-version") }
        if append, prepend { throw ValidationError("--append and --prepend exclude one another") }
        if file != nil, value != nil { throw ValidationError("a value and --file: which one?") }
        if keepTTL, ttl != nil { throw ValidationError("--ttl and --keep-ttl: which one?") }
        if file == nil, value == nil, Terminal.isInput {
            throw ValidationError("no value: give it, --file or standard input")
        }
    }

    func run() async throws {
        let request = SetRequest(
            key: key.bytes, value: try valueBytes(), ttlMillis: ttl?.millis,
            idleMillis: idle?.millis ?? 0, flags: flags,
            condition: condition, version: newVersion ?? 0,
            mode: append ? .append : prepend ? .prepend : .replace, keepTTL: keepTTL)
        let client = try await connection.connect()
        let answer = try await calling { () async throws(ClientError) in
            try await client.setInParts(request, timeoutMillis: connection.timeoutMillis)
        }
        try show(answer)
        guard answer.outcome == .stored else { throw ClientExit.negative }
    }

    private var condition: WriteCondition {
        if ifAbsent { return .ifAbsent(true) }
        if ifPresent { return .ifPresent(true) }
        if ifNewer { return .ifNewer(true) }
        return ifVersion.map { .ifVersion($0) } ?? .none
    }

    private func valueBytes() throws(CommandFailure) -> [UInt8] {
        if let value, value != "-" { return Array(value.utf8) }
        guard let file, file != "-" else { return try OpenFile.standardInput.readToEnd() }
        return try OpenFile.reading(file).readToEnd()
    }

    private func show(_ answer: SetResponse) throws(CommandFailure) {
        switch form {
        case .json:
            var json = JSONText()
            json.beginObject()
            json.member("key", bytes: key.bytes)
            json.member("outcome", answer.outcome.name)
            if answer.version > 0 { json.member("version", answer.version) }
            json.endObject()
            try Terminal.writeLine(json.text)
        case .text:
            switch answer.outcome {
            case .stored where answer.version > 0:
                try Terminal.writeLine("stored, version \(answer.version)")
            case .stored: try Terminal.writeLine("stored")
            case .conditionFailed where answer.version > 0:
                Terminal.note("condition failed: the item has version \(answer.version)")
            case .conditionFailed where !ifAbsent:
                Terminal.note("condition failed: there is no such item")
            default: Terminal.note(answer.outcome.words)
            }
        }
    }
}

extension SetOutcome {
    var name: String {
        switch self {
        case .stored: "stored"
        case .conditionFailed: "condition_failed"
        case .leaseLost: "lease_lost"
        case .notAdmitted: "not_admitted"
        default: "unknown_\(rawValue)"
        }
    }

    var words: String {
        switch self {
        case .stored: "stored"
        case .conditionFailed: "condition failed"
        case .leaseLost: "not stored: the lease was lost"
        case .notAdmitted: "not admitted: what would have to go is worth more"
        default: "not stored: an outcome that this program does not know (\(rawValue))"
        }
    }
}
