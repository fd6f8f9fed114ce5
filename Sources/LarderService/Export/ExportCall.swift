import LarderCache
import LarderGRPC
import LarderProtocol

/// One Export: walks the cache and sends what it finds, as much as there is room for.
///
/// A message carries the cursor of a place that the cache's scan can go on from, with nothing
/// unsent before it: where a message ends between two such places, the cursor is the former one,
/// and who goes on from it gets some entries twice, which the contract allows.
final class ExportCall: StreamingCall {
    // Of entries that one step of the scan holds.
    private static let stepEntriesMax = 256
    // After this many entries or steps a message goes out even if the filter let none through,
    // so that one event's work is bounded and the peer sees that there is progress.
    private static let scannedPerMessageMax: UInt64 = 8_192
    private static let stepsPerMessageMax = 128
    // What an entry takes in a message beyond its key and its value, about.
    private static let entryOverheadBytes = 48

    private let services: Services
    private var filter = ExportFilter(keyPrefix: [], places: nil)
    private var isMetadataOnly = false
    private var entriesLeft = UInt64.max
    private var total: UInt64 = 0
    private var isStarted = false

    // Everything before `boundary` is sent; `batch` is what lies between it and `afterBatch`.
    private var boundary = ExportCursor.Place.before(.start)
    private var boundaryScanned: UInt64 = 0
    private var batch = ScanBatch()
    private var batchIndex = 0
    private var afterBatch = ExportCursor.Place.before(.start)
    // How much of the value at `batchIndex` is sent already, when it is split.
    private var splitOffset = 0
    private var filterHash: UInt64 = 0

    init(_ services: Services) { self.services = services }

    func received(_ message: Span<UInt8>, nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {
        do throws(Refusal) {
            try start(message)
        } catch {
            reply.status = error.status
            return
        }
        produce(nowNanos: nowNanos, reply: &reply)
    }

    func halfClosed(nowNanos: UInt64, sentAll: Bool, reply: inout Reply) {}

    func writable(nowNanos: UInt64, reply: inout Reply) {
        if isStarted { produce(nowNanos: nowNanos, reply: &reply) }
    }

    func woken(nowNanos: UInt64, reply: inout Reply) {}

    func cancelled() { batch.clear() }

    private func start(_ message: Span<UInt8>) throws(Refusal) {
        let request: ExportRequest
        do { request = try ExportRequest(decoding: message) } catch { throw Refusal(error) }
        guard Namespace.isKnown(request.namespace.utf8.span) else { throw .namespaceUnknown }
        if request.hottestFirst { throw .fieldNotServed("ExportRequest.hottest_first") }
        if request.hashBegin > request.hashEnd { throw .hashRangeReversed }
        let isWholeRing = request.hashBegin == 0 && request.hashEnd == 0
        filter = ExportFilter(
            keyPrefix: request.keyPrefix,
            places: isWholeRing ? nil : request.hashBegin...request.hashEnd)
        filterHash = filter.hash
        isMetadataOnly = request.metadataOnly
        if request.limit > 0 { entriesLeft = request.limit }
        if !request.cursor.isEmpty { try goOn(from: request.cursor) }
        total = services.cache.statistics().entries
        isStarted = true
    }

    private func goOn(from bytes: [UInt8]) throws(Refusal) {
        guard let cursor = ExportCursor(bytes) else { throw .badCursor }
        guard cursor.startID == services.startID else { throw .cursorOutlived }
        guard cursor.filterHash == filterHash else { throw .badCursor }
        boundary = cursor.place
        afterBatch = cursor.place
        boundaryScanned = cursor.scanned
    }

    // MARK: Messages

    private func produce(nowNanos: UInt64, reply: inout Reply) {
        while reply.bytes.count + reply.savedBytes < services.limits.exportPendingBytesMax {
            let hasEntries = writeMessage(nowNanos: nowNanos, reply: &reply)
            if entriesLeft == 0 || (boundary == .end && batchIndex == batch.count) {
                reply.status = .ok
                return
            }
            // Looked far and found nothing: the rest when this has gone.
            guard hasEntries else { return }
        }
    }

    /// Writes one message.  False: no entry is in it.
    private func writeMessage(nowNanos: UInt64, reply: inout Reply) -> Bool {
        reply.beginMessage()
        let start = reply.bytes.count
        let bytesMax = services.limits.exportMessageBytes
        let scannedBefore = boundaryScanned
        var steps = 0
        while entriesLeft > 0 {
            if batchIndex == batch.count {
                passBoundary()
                let scanned = boundaryScanned &- scannedBefore
                let used = reply.bytes.count - start
                if used >= bytesMax || scanned >= Self.scannedPerMessageMax { break }
                if steps == Self.stepsPerMessageMax { break }
                steps += 1
                guard scan(bytesMax: bytesMax - used, nowNanos: nowNanos) else { break }
                continue
            }
            let entry = batch.reference(at: batchIndex)
            guard isWanted(entry, nowNanos: nowNanos) else {
                batchIndex += 1
                continue
            }
            let room = bytesMax - (reply.bytes.count - start)
            guard write(entry, room: room, nowNanos: nowNanos, reply: &reply) else { break }
        }
        if batchIndex == batch.count { passBoundary() }
        let hasEntries = reply.bytes.count > start
        endMessage(reply: &reply)
        return hasEntries
    }

    private func endMessage(reply: inout Reply) {
        let cursor = ExportCursor(
            startID: services.startID, filterHash: filterHash, place: boundary,
            scanned: boundaryScanned)
        let encoded = cursor.encoded
        ExportResponse.encodeEnd(
            cursor: encoded.span, scanned: boundaryScanned, total: max(total, boundaryScanned),
            into: &reply.bytes)
        reply.endMessage()
    }

    // MARK: Entries

    /// All of the batch is sent: the place after it is one to go on from.
    private func passBoundary() {
        boundary = afterBatch
        boundaryScanned &+= UInt64(batch.count)
        batch.clear()
        batchIndex = 0
    }

    /// Takes the next entries of the cache.  False: there are no more.
    private func scan(bytesMax: Int, nowNanos: UInt64) -> Bool {
        guard case .before(let cursor) = boundary else { return false }
        var entriesMax = min(Self.stepEntriesMax, max(1, bytesMax / Self.entryOverheadBytes))
        while true {
            let overhead = entriesMax * Self.entryOverheadBytes / 2
            let next = services.cache.scan(
                from: cursor, into: &batch, entriesMax: entriesMax,
                bytesMax: UInt64(max(1, bytesMax - overhead)), nowNanos: nowNanos)
            afterBatch = next.map { .before($0) } ?? .end
            // The last entry that the limit lets through has to be the last of its batch, or
            // there were no cursor behind it.
            if entriesMax == 1 || wantedCount(nowNanos: nowNanos) <= entriesLeft { return true }
            batch.clear()
            entriesMax /= 2
        }
    }

    /// How many of the batch are to be sent; not counted where there is no limit.
    private func wantedCount(nowNanos: UInt64) -> UInt64 {
        if UInt64(batch.count) <= entriesLeft { return 0 }
        var count: UInt64 = 0
        for index in 0..<batch.count {
            let entry = batch.reference(at: index)
            if isWanted(entry, nowNanos: nowNanos) { count += 1 }
        }
        return count
    }

    private func isWanted(_ entry: borrowing EntryReference, nowNanos: UInt64) -> Bool {
        // A value that is half sent is sent to its end.
        if splitOffset > 0 { return true }
        if entry.isExpired(nowNanos: nowNanos) { return false }
        return filter.admits(entry.key)
    }

    /// Writes the entry or the next part of it.  False: it is for the next message.
    private func write(
        _ entry: borrowing EntryReference, room: Int, nowNanos: UInt64, reply: inout Reply
    ) -> Bool {
        let bytesMax = services.limits.exportMessageBytes
        let isFresh = room == bytesMax
        var head = EntryHead(flags: entry.flags, version: entry.version)
        head.ttlMillis = entry.expiresAtNanos.map {
            max(1, millisLeft(until: $0, nowNanos: nowNanos))
        }
        head.idleMillis = entry.idleNanosMax.map { $0 / nanosPerMilli } ?? 0
        let count = entry.value.count
        if isMetadataOnly {
            head.valueBytes = UInt64(count)
            let none: [UInt8] = []
            guard isFresh || entry.key.count + Self.entryOverheadBytes <= room else { return false }
            ExportResponse.append(head, key: entry.key, value: none.span, into: &reply.bytes)
            pass()
            return true
        }
        if count <= bytesMax {
            let bytes = entry.key.count + count + Self.entryOverheadBytes
            guard isFresh || bytes <= room else { return false }
            head.crc32c = CRC32C.of(key: entry.key, value: entry.value)
            ExportResponse.append(head, key: entry.key, value: entry.value, into: &reply.bytes)
            pass()
            return true
        }
        // A split value's parts have their messages to themselves.
        guard isFresh else { return false }
        let end = min(count, splitOffset + bytesMax)
        head.valueBytes = UInt64(count)
        head.valueOffset = UInt64(splitOffset)
        let part = entry.value.extracting(splitOffset..<end)
        head.crc32c = CRC32C.of(key: entry.key, value: part)
        ExportResponse.append(head, key: entry.key, value: part, into: &reply.bytes)
        splitOffset = end
        if end == count { pass() }
        return false
    }

    private func pass() {
        splitOffset = 0
        batchIndex += 1
        entriesLeft -= 1
    }
}
