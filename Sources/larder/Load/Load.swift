import ArgumentParser
import LarderClient
import LarderServer

/// `larder load`: puts the entries of a file into a server.
struct Load: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Load entries from a file or standard input.",
        discussion: """
            Formats: JSON lines ({"key": "a", "value": "b", "ttl_millis": 1000, "flags": 1, \
            "version": 2}; a value that is no string is stored as its JSON text), CSV and TSV with \
            a header line, and the files of larder export. Where a name is key or value, key_hex, \
            key_base64, value_hex and value_base64 give bytes. Other fields are not looked at.

            When the connection is lost, a file is read again and the load goes on where the \
            server has got to. With --resume a load that ended early goes on in a later run.

            Exit codes: 0 all stored, 1 some were not, 2 the call failed, 3 cannot connect, 65 the \
            input is malformed, 66 it cannot be read.
            """)

    private static let ackEveryDefault: UInt32 = 10_000

    @Argument(help: "The file; - or nothing: standard input.", completion: .file())
    var file: String?

    @OptionGroup var connection: ConnectionOptions

    @Option(help: "auto, jsonl, csv, tsv or export.")
    var format = LoadFormat.auto

    @Flag(help: "Go on where an earlier load of this file, also with --resume, ended.")
    var resume = false

    @Option(help: ArgumentHelp("The load's own name for --resume.", valueName: "id"))
    var session: String?

    @Flag(help: "Do not replace items that are there.")
    var ifAbsent = false

    @Flag(help: "Fill free room only: evict nothing for the load.")
    var freeSpaceOnly = false

    @Flag(help: "Let everything in, whatever the policy thinks.")
    var force = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The time to live of entries that have none; 0 is for ever.", valueName: "time"),
        transform: OptionValue.time)
    var ttl: TimeAmount?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Acknowledge after this many entries; 0 is only at the end. (default: \(ackEveryDefault))",
            valueName: "count"),
        transform: OptionValue.number())
    var ackEvery = Self.ackEveryDefault

    @Option(help: ArgumentHelp("The name of the field that is the key.", valueName: "name"))
    var keyField = "key"

    @Option(help: ArgumentHelp("The name of the field that is the value.", valueName: "name"))
    var valueField = "value"

    @Flag(help: "Pass over malformed records and count them.")
    var skipErrors = false

    @Option(name: [.customShort("o"), .customLong("output")], help: "text or json.")
    var form = ReportForm.text

    @Flag(name: .customLong("no-progress"), help: "Draw no progress bar.")
    var hidesProgress = false

    func validate() throws {
        if freeSpaceOnly, force {
            throw ValidationError("--free-space-only and --force exclude one another")
        }
        if keyField == valueField {
            throw ValidationError("--key-field and --value-field are the same")
        }
        if file == nil, Terminal.isInput {
            throw ValidationError("no entries: give a file or standard input")
        }
        if path == nil, resume, session == nil {
            throw ValidationError("--resume of standard input needs --session")
        }
        if session?.isEmpty == true { throw ValidationError("--session is empty") }
    }

    /// nil: standard input.
    private var path: String? { file == "-" ? nil : file }

    func run() async throws {
        var input = try LoadInput(path: path)
        let chosen = try format.chosen ?? input.detectFormat()
        var loader = Loader(
            input: input, format: chosen, names: FieldNames(key: keyField, value: valueField),
            start: start(sessionID: sessionID(input)), skipsErrors: skipErrors)
        loader.client = try await connection.connect()
        loader.timeoutMillis = connection.timeoutMillis
        let progress = loader.progress
        let clock = ContinuousClock()
        let begin = clock.now
        let byteCount = input.byteCount
        let bar = ProgressBar(isWanted: !hidesProgress) {
            LoadReport.line(
                progress.snapshot, of: byteCount, seconds: (clock.now - begin).inSeconds)
        }
        let hint: String? =
            resume || input.isRepeatable
            ? "go on with: --resume --session \(loader.start.sessionID)" : nil
        // The last thing that is written: nobody may read it any more, and that ends the process.
        let report = { @Sendable [form] (isDone: Bool) throws(CommandFailure) -> LoadReport in
            let report = LoadReport(
                state: progress.snapshot, seconds: (clock.now - begin).inSeconds, isDone: isDone)
            try Terminal.writeLine(form == .json ? report.json : report.text)
            return report
        }
        let interruption = Interruption {
            bar.erase()
            if let hint { Terminal.note(hint) }
            _ = try? report(false)
        }
        let failure: CommandFailure?
        do throws(CommandFailure) {
            try await loader.run()
            failure = nil
        } catch {
            failure = error
        }
        interruption.end()
        await bar.end()
        if let failure {
            if let hint, failure.exitCode != ClientExit.malformedInput { Terminal.note(hint) }
            failure.tell()
            _ = try? report(false)
            throw ExitCode(failure.exitCode)
        }
        if try !report(true).isAllStored { throw ClientExit.negative }
    }

    private func sessionID(_ input: LoadInput) -> String {
        if let session { return session }
        if resume { return input.derivedSessionID }
        // A session of its own: it only serves to go on by itself when the connection is lost.
        return "load-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
    }

    private func start(sessionID: String) -> BulkLoadStart {
        BulkLoadStart(
            sessionID: sessionID, defaultTTLMillis: ttl?.millis,
            admission: force ? .force : freeSpaceOnly ? .freeSpaceOnly : .policy,
            ifAbsent: ifAbsent, ackEvery: ackEvery)
    }
}

/// The formats that `--format` takes.
enum LoadFormat: String, ExpressibleByArgument, CaseIterable {
    case auto, jsonl, csv, tsv, export

    /// nil: by the look of the input.
    var chosen: InputFormat? {
        switch self {
        case .auto: nil
        case .jsonl: .jsonl
        case .csv: .csv
        case .tsv: .tsv
        case .export: .export
        }
    }
}

extension Duration {
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
