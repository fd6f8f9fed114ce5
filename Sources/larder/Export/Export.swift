import ArgumentParser
import LarderClient

/// `larder export`: writes a server's entries to a file.
struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write the server's entries to a file.",
        discussion: """
            larder load FILE puts them into a server again. The file appears under its name once \
            it is whole. With --format jsonl it is JSON lines instead.

            Exit codes: 0 done, 2 the call failed, 3 cannot connect, 73 the file cannot be written.
            """)

    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp("The file; -: standard output.", valueName: "file"),
        completion: .file())
    var file = "-"

    @OptionGroup var connection: ConnectionOptions

    @Option(help: "Only keys that begin with this.")
    var prefix = ""

    @Flag(help: "Everything but the values.")
    var metadataOnly = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Stop after this many entries; 0 is all.", valueName: "count"),
        transform: OptionValue.number())
    var limit: UInt64 = 0

    @Option(help: "export or jsonl.")
    var format = ExportFormat.export

    @Flag(name: .customLong("no-progress"), help: "Draw no progress bar.")
    var hidesProgress = false

    func validate() throws {
        if file == "-", format == .export, Terminal.isOutput {
            throw ValidationError("an export is no text for a terminal: give -o FILE")
        }
    }

    func run() async throws {
        let client = try await connection.connect()
        let output = try ExportOutput(path: file == "-" ? nil : file)
        let progress = ExportProgress()
        let clock = ContinuousClock()
        let begin = clock.now
        let bar = ProgressBar(isWanted: !hidesProgress) {
            progress.line(seconds: (clock.now - begin).inSeconds)
        }
        let temporaryPath = output.temporaryPath
        let interruption = Interruption { ExportOutput.discard(temporaryPath) }
        defer { interruption.end() }
        do throws(CommandFailure) {
            try await export(client, to: output, progress)
        } catch {
            ExportOutput.discard(temporaryPath)
            await bar.end()
            throw error
        }
        await bar.end()
        let seconds = (clock.now - begin).inSeconds
        Terminal.note(progress.summary(seconds: seconds))
    }

    private func export(
        _ client: CacheClient, to output: ExportOutput, _ progress: ExportProgress
    ) async throws(CommandFailure) {
        var writer = try ExportWriter(
            output: output, form: format == .jsonl ? .jsonl : .export,
            isMetadataOnly: metadataOnly)
        var place = Place()
        var retries = TransferRetries()
        while true {
            do throws(TransferError) {
                try await retries.reconnect(client)
                try await pass(client, &writer, &place, progress)
                break
            } catch {
                // What went to standard output cannot be taken back.
                try await retries.wait(
                    after: error, isRepeatable: output.canGoBack, reached: place.scanned)
            }
            try writer.goBack()
        }
        try writer.finish()
    }

    /// What a broken export goes on from.
    private struct Place {
        var cursor: [UInt8] = []
        /// Entries of the cache that are behind the cursor: those sent since then come again.
        var scanned: UInt64 = 0
    }

    // Writes what comes from the place on; the place moves along.
    private func pass(
        _ client: CacheClient, _ writer: inout ExportWriter, _ place: inout Place,
        _ progress: ExportProgress
    ) async throws(TransferError) {
        let left = limit == 0 ? 0 : limit - min(limit, writer.entryCount)
        if limit > 0, left == 0 { return }
        var request = ExportRequest()
        request.keyPrefix = Array(prefix.utf8)
        request.metadataOnly = metadataOnly
        request.limit = left
        request.cursor = place.cursor
        let stream: ExportStream
        do throws(ClientError) {
            stream = try await client.export(request)
        } catch {
            throw .call(error)
        }
        while let answer = try await next(stream) {
            for entry in answer.entries {
                do throws(CommandFailure) {
                    try writer.write(entry)
                } catch {
                    throw .command(error)
                }
            }
            if !answer.cursor.isEmpty {
                place = Place(cursor: answer.cursor, scanned: answer.scanned)
            }
            progress.came(answer, entryCount: writer.entryCount)
        }
    }

    private func next(_ stream: ExportStream) async throws(TransferError) -> ExportResponse? {
        do throws(ClientError) {
            return try await stream.next()
        } catch {
            throw .call(error)
        }
    }
}

/// The formats that `--format` takes.
enum ExportFormat: String, ExpressibleByArgument, CaseIterable {
    case export, jsonl
}
