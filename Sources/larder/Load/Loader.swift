import LarderClient

/// One load from its first to its last entry, through as many streams as it takes.
struct Loader {
    // Records between two looks of the progress bar.
    private static let noteEvery = 512

    var input: LoadInput
    let format: InputFormat
    let names: FieldNames
    let start: BulkLoadStart
    let skipsErrors: Bool
    let progress = LoadProgress()
    var client: CacheClient?
    /// Of a call that is no stream; nil is for ever.
    var timeoutMillis: UInt64?

    init(
        input: LoadInput, format: InputFormat, names: FieldNames, start: BulkLoadStart,
        skipsErrors: Bool
    ) {
        self.input = input
        self.format = format
        self.names = names
        self.start = start
        self.skipsErrors = skipsErrors
    }

    mutating func run() async throws(CommandFailure) {
        guard let client else { return }
        let timeoutMillis = timeoutMillis
        let limits = try await calling { () async throws(ClientError) in
            try await client.limits(timeoutMillis: timeoutMillis)
        }
        var retries = TransferRetries()
        var isFirst = true
        while true {
            do throws(TransferError) {
                try await retries.reconnect(client)
                return try await pass(client, limits, isFirst: isFirst)
            } catch {
                try await retries.wait(
                    after: error, isRepeatable: input.isRepeatable,
                    reached: progress.snapshot.acknowledged.committed)
            }
            isFirst = false
            try input.rewind()
        }
    }

    // Reads the input from its beginning and sends what the server does not have.
    private mutating func pass(
        _ client: CacheClient, _ limits: GetLimitsResponse, isFirst: Bool
    ) async throws(TransferError) {
        let load: BulkLoad
        do throws(ClientError) {
            load = try await client.bulkLoad(start, limits: limits)
        } catch {
            throw .call(error)
        }
        if isFirst { progress.resumed(from: load.resumedFrom.committed) }
        progress.began(load.resumedFrom)
        let progress = progress
        async let listening = Self.listen(to: load, progress)
        var sender = load.sender()
        var inputFailure: CommandFailure?
        do throws(TransferError) {
            try await send(through: &sender)
            try checkSession(load.resumedFrom, entryCount: sender.nextIndex)
        } catch {
            switch error {
            case .call: break  // The one who listens learns why.
            case .command(let failure): inputFailure = failure
            }
        }
        // What was right before the fault is finished in order, so that its tally is known.
        do throws(ClientError) {
            try await sender.finish()
        } catch {}
        let ended = await listening
        if let inputFailure { throw .command(inputFailure) }
        switch ended {
        case .success: return
        case .failure(let error) where error.isDataLoss && format == .export:
            // Its checksums were made when the values were read from the cache.
            throw .command(
                CommandFailure(
                    "\(input.name): the file is damaged: \(error)",
                    exitCode: ClientExit.malformedInput))
        case .failure(let error): throw .call(error)
        }
    }

    // The session of another load passes over as many entries as that one brought. It is found out
    // only where this input has fewer.
    private func checkSession(
        _ session: BulkLoadResponse, entryCount: UInt64
    ) throws(TransferError) {
        guard entryCount < session.committed else { return }
        throw .command(
            CommandFailure(
                "\(input.name): the session has got to entry \(session.committed), but only "
                    + "\(entryCount) are here: it is of another input",
                exitCode: ClientExit.malformedInput))
    }

    private static func listen(
        to load: BulkLoad, _ progress: LoadProgress
    ) async -> Result<Void, ClientError> {
        do throws(ClientError) {
            var isDone = false
            while let answer = try await load.nextAcknowledgement() {
                progress.acknowledged(answer)
                isDone = answer.done
            }
            if isDone { return .success(()) }
            return .failure(.protocolViolation(reason: "the load ended before it was done"))
        } catch {
            return .failure(error)
        }
    }

    private mutating func send(through sender: inout BulkLoadSender) async throws(TransferError) {
        var reader = RecordReader(format, names: names)
        var entry = Entry()
        var records = 0
        var items: UInt64 = 0
        var itemBytes: UInt64 = 0
        var skipped: UInt64 = 0
        defer {
            progress.read(
                items: items, itemBytes: itemBytes, skipped: skipped, readBytes: input.readBytes)
        }
        while true {
            let step: ReadStep
            do throws(InputError) {
                step = try reader.next(&entry)
            } catch {
                guard skipsErrors, error.canGoOn else { throw .command(failure(error)) }
                skipped += 1
                continue
            }
            switch step {
            case .end: return
            case .needsInput: try feed(&reader)
            case .entry:
                records += 1
                // The other parts of a split value are no items of their own.
                if entry.head.valueOffset == 0 { items += 1 }
                itemBytes += UInt64(entry.key.count + entry.value.count)
                do throws(ClientError) {
                    try await sender.append(entry)
                } catch {
                    throw .call(error)
                }
            }
            if records >= Self.noteEvery {
                progress.read(
                    items: items, itemBytes: itemBytes, skipped: skipped,
                    readBytes: input.readBytes)
                records = 0
                items = 0
                itemBytes = 0
                skipped = 0
            }
        }
    }

    private mutating func feed(_ reader: inout RecordReader) throws(TransferError) {
        do throws(CommandFailure) {
            if let chunk = try input.next() {
                reader.append(chunk)
            } else {
                reader.finish()
            }
        } catch {
            throw .command(error)
        }
    }

    private func failure(_ error: InputError) -> CommandFailure {
        CommandFailure("\(input.name): \(error)", exitCode: ClientExit.malformedInput)
    }
}
