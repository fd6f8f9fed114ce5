package import LarderProtocol

/// A bulk load under way: one task appends entries, another one may take acknowledgements.
///
/// Entries are numbered from 0 as they are appended, the parts of a split one each for itself;
/// those that the server has from a former stream of the same session are counted and not sent.
package final class BulkLoad: Sendable {
    private let call: ClientCall
    /// What former streams of the session have come to; all zero for a new one.
    package let resumedFrom: BulkLoadResponse
    fileprivate let splitter: EntrySplitter

    /// Sends `start` and, if the load has a session, waits for what the server has of it.
    init(
        call: ClientCall, start: BulkLoadStart, limits: GetLimitsResponse
    ) async throws(ClientError) {
        self.call = call
        splitter = EntrySplitter(limits: limits)
        try await call.send(BulkLoadRequest(.start(start)).encoded())
        if start.sessionID.isEmpty {
            resumedFrom = BulkLoadResponse()
        } else {
            guard let message = try await call.next() else {
                throw .protocolViolation(reason: "a bulk load ended before it began")
            }
            resumedFrom = try BulkLoadResponse(answer: message)
        }
    }

    /// The sending half, for one task.
    package func sender() -> BulkLoadSender {
        BulkLoadSender(load: self, firstIndex: resumedFrom.committed)
    }

    /// The next acknowledgement; nil once the load has ended well.
    package func nextAcknowledgement() async throws(ClientError) -> BulkLoadResponse? {
        guard let message = try await call.next() else { return nil }
        return try BulkLoadResponse(answer: message)
    }

    package var unsentBytes: Int { call.unsentBytes }

    package func cancel() {
        call.cancel()
    }

    fileprivate func send(_ batch: EntryBatch) async throws(ClientError) {
        try await call.send(BulkLoadRequest(.batch(batch)).encoded())
    }

    fileprivate func halfClose() {
        call.halfClose()
    }
}

/// Gathers entries into messages and sends these as they fill.
package struct BulkLoadSender {
    /// The most entries of one message.
    package static let batchEntriesMax = 256
    /// A message is sent once its keys and values come to this.
    package static let batchBytesMax = 64 << 10

    private let load: BulkLoad
    // Entries below are with the server already.
    private let firstIndex: UInt64
    private var batch = EntryBatch(firstIndex: 0, entries: [])
    private var batchBytes = 0
    /// The number of the next entry.
    package private(set) var nextIndex: UInt64 = 0

    fileprivate init(load: BulkLoad, firstIndex: UInt64) {
        self.load = load
        self.firstIndex = firstIndex
    }

    /// Takes an entry; sends a message when one is full, and waits while too much is unsent.
    package mutating func append(_ entry: Entry) async throws(ClientError) {
        let partCount = load.splitter.partCount(of: entry)
        if partCount == 1 { return try await appendPart(entry) }
        for index in 0..<partCount {
            try await appendPart(load.splitter.part(index, of: entry))
        }
    }

    /// Sends what is gathered and says that this was all.
    package mutating func finish() async throws(ClientError) {
        try await flush()
        load.halfClose()
    }

    /// Sends what is gathered.
    package mutating func flush() async throws(ClientError) {
        guard !batch.entries.isEmpty else { return }
        try await load.send(batch)
        batch.entries.removeAll(keepingCapacity: true)
        batchBytes = 0
    }

    private mutating func appendPart(_ entry: Entry) async throws(ClientError) {
        defer { nextIndex += 1 }
        guard nextIndex >= firstIndex else { return }
        let bytes = entry.key.count + entry.value.count
        if batchBytes + bytes > Self.batchBytesMax { try await flush() }
        if batch.entries.isEmpty { batch.firstIndex = nextIndex }
        batch.entries.append(entry)
        batchBytes += bytes
        if batch.entries.count == Self.batchEntriesMax { try await flush() }
    }
}
